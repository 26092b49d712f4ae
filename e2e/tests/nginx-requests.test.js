// Requests on their way through nginx: who is said to have sent them, which replica gets them, and how often.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { proxied, raw, text } from "../support/proxy.js";
import { until } from "../support/wait.js";

const CLAIMS = {
  "x-forwarded-for": "6.6.6.6, 203.0.113.9",
  "x-real-ip": "6.6.6.6",
  forwarded: "for=6.6.6.6",
  "x-request-id": "mine",
};

test("what a client says of its own address ends at nginx", async (t) => {
  const { url, upstreams: [upstream] } = await proxied(t);
  await raw(`${url}/api/x`, { headers: CLAIMS });
  const { headers } = upstream.seen[0];
  assert.equal(headers["x-forwarded-for"], "127.0.0.1");
  assert.equal(headers["x-real-ip"], undefined);
  assert.equal(headers.forwarded, undefined);
});

test("a trusted proxy's word counts, up to the first address that is not trusted", async (t) => {
  const { url, upstreams: [upstream] } = await proxied(t, 1, { NGINX_TRUSTED_PROXIES: "127.0.0.1 10.0.0.0/8" });
  await raw(`${url}/api/x`, { headers: CLAIMS });
  assert.equal(upstream.seen[0].headers["x-forwarded-for"], "203.0.113.9");
  await raw(`${url}/api/x`, { headers: { "x-forwarded-for": "6.6.6.6, 203.0.113.9, 10.1.2.3" } });
  assert.equal(upstream.seen[1].headers["x-forwarded-for"], "203.0.113.9");
});

test("one id names a request for nginx, the replica and the log, and the log keeps no query", async (t) => {
  const { nginx, url, upstreams: [upstream] } = await proxied(t);
  await text(await raw(`${url}/api/x?secret=1`, { headers: CLAIMS }));
  const id = upstream.seen[0].headers["x-request-id"];
  assert.match(String(id), /^[0-9a-f]{32}$/);
  const line = await until("the request is logged", async () => {
    const lines = (await readFile(nginx.accessLog, "utf8")).split("\n").filter((line) => line.includes("/api/x"));
    return lines.length > 0 && lines[0];
  });
  assert.equal(JSON.parse(line).requestId, id);
  assert.ok(!line.includes("secret"), line);
});

test("the log keeps neither join codes nor what else opens something, nor addresses of people", async (t) => {
  const { nginx, url } = await proxied(t);
  const asked = {
    "/join/57KXZMKN1E": "/join/***",
    "/JOIN/57KXZMKN1E/?x=1": "/JOIN/***",
    "//join//57KXZMKN1E": "//join//***",
    "/x/../join/57KXZMKN1E": "/x/../join/***",
    "/join%2F57KXZMKN1E": "/join%2F***",
    "/api/notebooks/018f/invitations/secret.candidate%40rival.example": "/api/notebooks/018f/invitations/***",
    "/reset/57KXZMKN1E": "/reset/***",
    "/verify-email/57KXZMKN1E/more": "/verify-email/***",
    "/api/users/secret.candidate@rival.example": "/api/users/***",
    "/api/users/secret.candidate%40rival.example/sessions": "/api/users/***",
    "/api/notebooks/018f/join-code": "/api/notebooks/018f/join-code",
    "/api/notebooks/join": "/api/notebooks/join",
    "/notebooks/018f": "/notebooks/018f",
  };
  for (const path of Object.keys(asked)) await text(await raw(url, { path }));
  const written = await until("all are logged", async () => {
    const lines = (await readFile(nginx.accessLog, "utf8")).trim().split("\n").filter((line) => !line.includes('"/health"'));
    return lines.length >= Object.keys(asked).length && lines;
  });
  assert.deepEqual(written.map((line) => JSON.parse(line).path), Object.values(asked));
  assert.ok(!/57KXZMKN1E|candidate/.test(written.join("\n")));
});

/** Two replicas of which the first to be asked breaks off. */
async function breaking(t) {
  const { url, upstreams } = await proxied(t, 2);
  let asked = 0;
  for (const upstream of upstreams) {
    upstream.answer = (request, response) => {
      asked += 1;
      if (asked > 1) return response.end("late");
      request.resume().on("end", () => request.socket.destroy());
    };
  }
  return { url, asked: () => asked };
}

for (const method of ["POST", "PATCH"]) {
  test(`a ${method} that a replica broke off is not sent again`, async (t) => {
    const { url, asked } = await breaking(t);
    const answer = await raw(`${url}/api/x`, { method, headers: { "content-type": "application/json" } }, "{}");
    const problem = JSON.parse(await text(answer));
    assert.deepEqual([answer.statusCode, problem.code, answer.headers["retry-after"]], [503, "unavailable", "1"]);
    assert.equal(answer.headers["content-type"], "application/problem+json");
    assert.equal(asked(), 1);
  });
}

for (const method of ["GET", "PUT", "DELETE"]) {
  test(`a ${method} goes to the next replica`, async (t) => {
    const { url, asked } = await breaking(t);
    const answer = await raw(`${url}/api/x`, { method });
    assert.deepEqual([answer.statusCode, await text(answer)], [200, "late"]);
    assert.equal(asked(), 2);
  });
}

test("a replica that is gone is asked nothing, and nobody notices", async (t) => {
  const { url, upstreams: [gone, there] } = await proxied(t, 2);
  await gone.end();
  for (let n = 0; n < 20; n += 1) {
    const answer = await raw(`${url}/api/x`, { method: n % 2 ? "GET" : "POST" }, n % 2 ? undefined : "{}");
    assert.deepEqual([answer.statusCode, await text(answer)], [200, there.name]);
  }
  assert.equal(there.seen.length, 20);
  await gone.listen();
  await until("it is asked again once it is back", async () => {
    await text(await raw(`${url}/api/x`));
    return gone.seen.length > 0;
  });
});

test("a stream on a replica that is back does not keep others from it when it is the last", async (t) => {
  const { url, upstreams: [first, second] } = await proxied(t, 2);
  for (const upstream of [first, second]) {
    upstream.answer = (request, response) => {
      request.resume();
      response.writeHead(200, { "x-upstream": upstream.name }).flushHeaders();
      t.after(() => response.end());
    };
  }
  const open = async () => (await raw(`${url}/api/ai/generations/1/events`)).headers["x-upstream"];
  await first.end();
  for (let n = 0; n < 10; n += 1) assert.equal(await open(), second.name);
  await first.listen();
  await second.end();
  for (let n = 0; n < 10; n += 1) assert.equal(await open(), first.name, `stream ${n}`);
});

test("the api's own 503 is passed on as it is, and takes no replica out", async (t) => {
  const { url, upstreams } = await proxied(t, 2);
  for (const upstream of upstreams) {
    upstream.answer = (request, response) => {
      request.resume();
      response.writeHead(503, { "content-type": "application/problem+json", "retry-after": "7" }).end('{"code":"busy"}');
    };
  }
  for (let n = 1; n <= 20; n += 1) {
    const answer = await raw(`${url}/api/x`);
    assert.deepEqual([answer.statusCode, answer.headers["retry-after"], await text(answer)], [503, "7", '{"code":"busy"}']);
  }
  assert.equal(upstreams[0].seen.length + upstreams[1].seen.length, 20, "each was asked for once");
});

test("what is too large is refused in the api's words", async (t) => {
  const { url, upstreams: [upstream] } = await proxied(t);
  const body = "x".repeat(1_100_000);
  const answer = await fetch(`${url}/api/x`, { method: "POST", body });
  assert.deepEqual([answer.status, (await answer.json()).code], [413, "payload_too_large"]);
  assert.deepEqual(upstream.seen, []);
});
