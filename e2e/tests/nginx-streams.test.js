// What flows through nginx: answers, uploads and sockets.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { constants, createGunzip } from "node:zlib";

import { Service } from "../cluster/service.js";
import { freePort } from "../support/ports.js";
import { folder, proxied, raw, text } from "../support/proxy.js";
import { within } from "../support/wait.js";

const EVENTS = 5;

test("each event of an answer arrives before the next one is written", async (t) => {
  const { url, upstreams: [upstream] } = await proxied(t);
  let write;
  upstream.answer = (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    write = (event) => (event === undefined ? response.end() : response.write(event));
  };
  const headers = { "accept-encoding": "gzip, br" };
  const answer = await within(raw(`${url}/api/ai/generations/1/events`, { headers }), "the head of the answer");
  assert.equal(answer.headers["content-encoding"], undefined);
  for (let n = 1; n <= EVENTS; n += 1) {
    const event = `id: ${n}\ndata: {}\n\n`;
    const arrived = once(answer, "data");
    write(event);
    assert.equal(String((await within(arrived, `event ${n}`))[0]), event);
  }
  write();
});

/** Somebody else's nginx in front of ours, which compresses whatever it can and buffers by default. */
async function inFront(t, inner) {
  const [into, port] = [await folder(t), await freePort()];
  await mkdir(join(into, "tmp"));
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path tmp/${name};`).join("\n");
  await writeFile(join(into, "nginx.conf"), `
    daemon off; pid nginx.pid; error_log stderr; events {}
    http { access_log off; ${temp} gzip on; gzip_types *; gzip_proxied any;
      server { listen 127.0.0.1:${port}; location / { proxy_pass ${inner}; } } }`);
  const url = `http://127.0.0.1:${port}`;
  const nginx = new Service({
    name: "outer nginx", program: "nginx", args: ["-p", into, "-c", "nginx.conf"],
    ready: () => fetch(`${url}/health`).then((answer) => answer.ok, () => false),
  });
  t.after(() => nginx.stop());
  await nginx.start();
  return url;
}

test("nor does an nginx in front that compresses hold events back", async (t) => {
  const { url: inner, upstreams: [upstream] } = await proxied(t);
  const url = await inFront(t, inner);
  let write;
  upstream.answer = (_, response) => {
    const headers = { "content-type": "text/event-stream", "cache-control": "no-store, no-transform", "x-accel-buffering": "no" };
    response.writeHead(200, headers).flushHeaders();
    write = (event) => response.write(event);
    t.after(() => response.end());
  };
  const answer = await within(raw(`${url}/api/ai/generations/1/events`, { headers: { "accept-encoding": "gzip" } }), "the head");
  const readable = answer.headers["content-encoding"] === "gzip" ? answer.pipe(createGunzip({ flush: constants.Z_SYNC_FLUSH })) : answer;
  for (let n = 1; n <= EVENTS; n += 1) {
    const event = `id: ${n}\ndata: {}\n\n`;
    const arrived = once(readable, "data");
    write(event);
    assert.equal(String((await within(arrived, `event ${n}`))[0]), event);
  }
  answer.destroy();
});

test("an upload passes on as it arrives", async (t) => {
  const { url, upstreams: [upstream] } = await proxied(t, 1, { COLLABRY_MAX_UPLOAD_MB: "3" });
  let part;
  let received = 0;
  const next = () => new Promise((resolve) => (part = resolve));
  upstream.answer = (incoming, response) => {
    incoming.on("data", (chunk) => part?.((received += chunk.length)));
    incoming.on("end", () => response.end(String(received)));
  };
  const path = `${url}/api/notebooks/018f/sources`;
  const upload = request(path, { method: "POST", headers: { "content-length": 3_000_000 } });
  t.after(() => upload.destroy());
  const answered = once(upload, "response");
  for (let sent = 0; sent < 3_000_000; sent += 1_000_000) {
    const arrived = next();
    upload.write(Buffer.alloc(1_000_000));
    await within(arrived, "a part, while the rest has not been sent");
  }
  upload.end();
  assert.equal(await text((await answered)[0]), "3000000");

  const refused = await raw(path, { method: "POST", headers: { "content-length": 5_000_000 } });
  const { code, detail } = JSON.parse(await text(refused));
  assert.deepEqual([refused.statusCode, code], [413, "upload_too_large"]);
  assert.match(detail, /^The file is larger than 3 MB\./);
});

const REPLICAS = 4;
const SESSION = "/socket.io/?EIO=4&transport=polling";

/** The cookie that came with the page. */
async function browser(url) {
  const page = await raw(`${url}/`);
  await text(page);
  const [cookie] = String(page.headers["set-cookie"]).split(";");
  return { cookie };
}

const poll = async (url, headers, sid = "") => text(await raw(`${url}${SESSION}${sid && `&sid=${sid}`}`, { headers }));

test("a polling browser stays with one replica, and browsers are spread over all", async (t) => {
  const { url } = await proxied(t, REPLICAS);
  const homes = new Set();
  for (let n = 0; n < 10 * REPLICAS; n += 1) {
    const headers = await browser(url);
    const home = await poll(url, headers);
    for (let again = 0; again < 3; again += 1) assert.equal(await poll(url, headers, "abc"), home);
    homes.add(home);
  }
  assert.equal(homes.size, REPLICAS);
});

test("a browser keeps its cookie from page to page", async (t) => {
  const { url } = await proxied(t);
  const headers = await browser(url);
  const again = await raw(`${url}/notebooks`, { headers });
  assert.equal(again.headers["set-cookie"], undefined);
});

test("a program that keeps no cookies goes by its address", async (t) => {
  const { url, upstreams } = await proxied(t, REPLICAS, { NGINX_TRUSTED_PROXIES: "127.0.0.1" });
  const homes = new Set();
  for (let n = 1; n <= 10 * REPLICAS; n += 1) {
    const headers = { "x-forwarded-for": `203.0.113.${n}` };
    const first = await raw(url + SESSION, { headers });
    assert.equal(first.headers["set-cookie"], undefined, "a cookie now would change the replica");
    const home = await text(first);
    for (let again = 0; again < 3; again += 1) assert.equal(await poll(url, headers, "abc"), home);
    homes.add(home);
  }
  assert.equal(homes.size, upstreams.length);
});

test("a session whose replica is gone begins again on another", async (t) => {
  const { url, upstreams } = await proxied(t, REPLICAS);
  const headers = await browser(url);
  const home = await poll(url, headers);
  await upstreams.find(({ name }) => name === home)?.end();
  const other = await poll(url, headers);
  assert.notEqual(other, home);
  assert.equal(await poll(url, headers, "abc"), other);
});

/** Opens a WebSocket and says which replica took it. */
async function upgrade(t, url, path, headers) {
  const asked = request(url + path, {
    headers: { connection: "Upgrade", upgrade: "websocket", "sec-websocket-key": "AQIDBAUGBwgJCgsMDQ4PEA==", "sec-websocket-version": "13", ...headers },
  });
  asked.end();
  const [answer, socket] = await within(once(asked, "upgrade"), "the upgrade");
  t.after(() => socket.destroy());
  assert.equal(answer.statusCode, 101);
  return { home: answer.headers["x-upstream"], socket };
}

test("WebSockets pass, and are spread over all replicas, unless they began by polling", async (t) => {
  const { url } = await proxied(t, REPLICAS);
  const headers = await browser(url);
  const homes = new Set();
  for (let n = 0; n < 5 * REPLICAS; n += 1) {
    homes.add((await upgrade(t, url, "/socket.io/?EIO=4&transport=websocket", headers)).home);
  }
  assert.equal(homes.size, REPLICAS);
  const home = await poll(url, headers);
  for (let n = 0; n < REPLICAS; n += 1) {
    const { home: upgraded } = await upgrade(t, url, "/socket.io/?EIO=4&transport=websocket&sid=abc", headers);
    assert.equal(upgraded, home);
  }
});

test("a replica that is back gets its share of WebSockets, and all of them when it is the last", async (t) => {
  const { url, upstreams: [first, second] } = await proxied(t, 2);
  const path = "/socket.io/?EIO=4&transport=websocket";
  const open = async (count) => {
    const homes = [];
    for (let n = 0; n < count; n += 1) homes.push((await upgrade(t, url, path, {})).home);
    return homes.filter((home) => home === first.name).length;
  };
  assert.equal(await open(10), 5);
  await first.end();
  assert.equal(await open(20), 0);
  await first.listen();
  assert.equal(await open(20), 20, "it has the fewest");
  await second.end();
  assert.equal(await open(20), 20);
});
