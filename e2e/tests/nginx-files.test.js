// The web client's files, as nginx serves them.

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";

import { folder, proxied, raw } from "../support/proxy.js";

const PAGE = "<!doctype html><title>Collabry</title>".repeat(30);
const SCRIPT = "console.log('hello');".repeat(100);

const web = await folder({ after });
await mkdir(join(web, "assets"));
await writeFile(join(web, "index.html"), PAGE);
await writeFile(join(web, "icon.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${" ".repeat(1_000)}</svg>`);
await writeFile(join(web, "assets/app-1a2b.js"), SCRIPT);
await writeFile(join(web, "assets/app-1a2b.js.gz"), gzipSync(SCRIPT));
const { url, upstreams } = await proxied({ after }, 1, { NGINX_WEB_DIR: web });

const get = (path, headers = {}) => raw(url + path, { headers });

function assertSafe({ headers }) {
  const policy = headers["content-security-policy"];
  for (const rule of ["default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"]) {
    assert.ok(policy.includes(rule), policy);
  }
  assert.ok(!policy.includes("script-src"), "scripts are ours alone");
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.equal(headers["referrer-policy"], "same-origin");
  assert.equal(headers["strict-transport-security"], undefined, "not without TLS");
}

test("any path of the client gets its page, which is asked for each time", async () => {
  for (const path of ["/", "/index.html", "/notebooks/1/conversations/2", "/apiary"]) {
    const page = await get(path);
    assert.deepEqual([page.statusCode, page.headers["content-type"], page.headers["cache-control"]], [200, "text/html", "no-cache"], path);
    assertSafe(page);
    const unchanged = await get(path, { "if-none-match": page.headers.etag });
    assert.equal(unchanged.statusCode, 304, path);
  }
});

test("files that are named by their content are kept for ever, unless they are gone", async () => {
  const script = await get("/assets/app-1a2b.js");
  assert.deepEqual([script.statusCode, script.headers["cache-control"]], [200, "public, max-age=31536000, immutable"]);
  assertSafe(script);
  const gone = await get("/assets/app-0000.js");
  assert.deepEqual([gone.statusCode, gone.headers["cache-control"]], [404, "no-cache"]);
  assertSafe(gone);
});

test("files are compressed for those who can read it", async () => {
  for (const path of ["/assets/app-1a2b.js", "/icon.svg", "/"]) {
    const packed = await get(path, { "accept-encoding": "gzip" });
    assert.deepEqual([packed.headers["content-encoding"], packed.headers.vary], ["gzip", "Accept-Encoding"], path);
    assert.equal((await get(path)).headers["content-encoding"], undefined, path);
  }
});

test("nginx answers for its own health; the replicas' insides are closed", async () => {
  const health = await get("/health");
  assert.deepEqual([health.statusCode, health.headers["content-type"]], [200, "application/json"]);
  for (const path of ["/ready", "/metrics"]) assert.equal((await get(path)).statusCode, 404, path);
  assert.deepEqual(upstreams[0].seen, [], "none of this reached a replica");
});
