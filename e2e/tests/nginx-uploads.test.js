// Whatever the api takes or gives at length passes nginx: the paths are the ones of its own OpenAPI document.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";

import { Account } from "../support/account.js";
import { folder, proxied, raw, text } from "../support/proxy.js";
import { Nginx } from "../cluster/nginx.js";
import { freePort } from "../support/ports.js";
import { Server } from "../support/server.js";
import { within } from "../support/wait.js";

const MIB = 1 << 20;
const LIMIT_MB = 4;

const server = await Server.start({ after }, { COLLABRY_MAX_UPLOAD_MB: String(LIMIT_MB), COLLABRY_TRUSTED_PROXIES: "127.0.0.1" });
const nginx = new Nginx(await folder({ after }), await freePort(), {
  NGINX_API_SERVERS: server.url.replace("http://", ""),
  COLLABRY_MAX_UPLOAD_MB: String(LIMIT_MB),
});
after(() => nginx.stop());
await nginx.start();

const { paths } = await (await fetch(`${server.url}/api/openapi.json`)).json();
/** Operations of the api with a concrete path. */
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).filter(([, operation]) => operation.responses).map(([method, operation]) => ({
    method: method.toUpperCase(),
    path: path.replaceAll(/\{\w+\}/g, "018f0000-0000-7000-8000-000000000000"),
    takes: Object.keys(operation.requestBody?.content ?? {}),
    gives: Object.values(operation.responses).flatMap((answer) => Object.keys(answer.content ?? {})),
  })));

const words = (bytes) => Buffer.from("What grows in the light. ".repeat(Math.ceil(bytes / 25)).slice(0, bytes));

/** @param {string} path @param {Account} account @param {Buffer} content */
function send(path, account, content) {
  const body = new FormData();
  body.append("file", new Blob([content]), "long.txt");
  return fetch(nginx.url + path, { method: "POST", headers: { authorization: `Bearer ${account.token}` }, body });
}

test("a file of 2 MiB is taken, and so is a new version of it", async () => {
  const ada = await Account.register(nginx.url, "ada@example.org", "Ada");
  const notebook = await ada.notebook();
  const first = await send(`/api/notebooks/${notebook}/sources`, ada, words(2 * MIB));
  assert.equal(first.status, 201, await first.clone().text());
  const { id } = await first.json();
  const second = await send(`/api/sources/${id}/versions`, ada, words(2 * MIB + 1));
  assert.equal(second.status, 201, await second.clone().text());
  const { latest } = await second.json();
  const file = await raw(`${nginx.url}/api/sources/${id}/versions/${latest.version}/file`, { headers: { authorization: `Bearer ${ada.token}` } });
  assert.equal((await text(file)).length, 2 * MIB + 1, "and given back");

  for (const path of [`/api/notebooks/${notebook}/sources`, `/api/sources/${id}/versions`]) {
    for (const megabytes of [LIMIT_MB + 0.5, LIMIT_MB + 2]) {
      const refused = await send(path, ada, words(megabytes * MIB));
      const { code, detail } = await refused.json();
      assert.deepEqual([refused.status, code], [413, "upload_too_large"], `${megabytes} MB: the api's answer, or nginx'`);
      assert.equal(detail, "The file is larger than 4 MB. Split it, or leave out what is not needed.");
    }
  }
});

const forms = operations.filter(({ takes }) => takes.some((kind) => kind !== "application/json"));

test("the api says which paths take files", () => assert.ok(forms.length >= 2, JSON.stringify(forms)));

for (const { method, path } of forms) {
  test(`${method} ${path} takes more than JSON may have, as it arrives`, async (t) => {
    const { url, upstreams: [upstream] } = await proxied(t);
    let received = 0;
    const [arrives, arrived] = [deferred(), deferred()];
    upstream.answer = (incoming, response) => {
      incoming.on("data", (chunk) => {
        received += chunk.length;
        if (received === MIB) arrives.resolve();
      });
      incoming.on("end", () => arrived.resolve(response.end("{}")));
    };
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue(new Uint8Array(MIB));
        await arrives.promise;
        controller.enqueue(new Uint8Array(MIB));
        controller.close();
      },
    });
    const answer = await within(fetch(url + path, { method, body, duplex: "half" }), "the answer; the second half is sent when the first has arrived");
    assert.equal(answer.status, 200, await answer.text());
    await arrived.promise;
    assert.equal(received, 2 * MIB);
  });
}

test("nginx waits longer than the api may take to answer a long poll", async () => {
  const waits = Object.values(paths).flatMap((methods) => Object.values(methods))
    .flatMap(({ parameters = [] }) => parameters.filter(({ name }) => name === "wait").map(({ schema }) => schema.maximum));
  assert.ok(waits.length >= 2, "sources and questions are waited for");
  const rendered = await readFile(join(nginx.folder, "site.conf"), "utf8");
  const [, timeout] = /location \/api\/ \{[^}]*proxy_read_timeout (\d+)s;/.exec(rendered) ?? [];
  assert.ok(Number(timeout) > Math.max(...waits), `${timeout} s for a wait of ${Math.max(...waits)} s`);
});

test("a slash at the end makes no other path of it", async () => {
  const ben = await Account.register(nginx.url, "ben@example.org", "Ben");
  const sent = await send(`/api/notebooks/${await ben.notebook()}/sources/`, ben, words(2 * MIB));
  assert.equal(sent.status, 201, await sent.text());
});

const streams = operations.filter(({ gives }) => gives.includes("text/event-stream"));

test("the api says which paths are streams", () => assert.ok(streams.length >= 1));

for (const { method, path } of streams) {
  test(`${method} ${path} is a stream for whoever stands in front as well`, async (t) => {
    const { url, upstreams: [upstream] } = await proxied(t);
    upstream.answer = (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream", "x-accel-buffering": "no" });
      response.write("id: 1\n\n");
      t.after(() => response.end());
    };
    const answer = await within(raw(url + path, { method, headers: { "accept-encoding": "gzip" } }), "the head of the answer");
    const [event] = await within(once(answer, "data"), "the first event, while the stream goes on");
    assert.equal(String(event), "id: 1\n\n");
    assert.equal(answer.headers["x-accel-buffering"], "no", "it is told not to buffer");
    answer.destroy();
  });
}

function deferred() {
  let resolve;
  const promise = new Promise((now) => (resolve = now));
  return { promise, resolve };
}
