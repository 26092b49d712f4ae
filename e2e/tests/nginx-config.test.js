// The shipped configuration is one that nginx takes, and its settings reach it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { connect as connectHttp2 } from "node:http2";
import { join } from "node:path";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";

import { check, render, WEB_DIR } from "../cluster/nginx.js";
import { freePort } from "../support/ports.js";
import { certificate, folder, proxied, raw } from "../support/proxy.js";

const LEAST = { NGINX_API_SERVERS: "10.0.0.1:5000 10.0.0.2:5000", NGINX_WEB_DIR: WEB_DIR, NGINX_ACCESS_LOG: "access.log" };

test("nginx takes the configuration, with TLS and without", async (t) => {
  const into = await folder(t);
  const variants = {
    plain: {},
    tls: await certificate(into),
    commas: { NGINX_API_SERVERS: "10.0.0.1:5000,10.0.0.2:5000", NGINX_TRUSTED_PROXIES: "10.0.0.0/8, fd00::/8" },
    proxies: { NGINX_TRUSTED_PROXIES: "10.0.0.0/8 fd00::/8", NGINX_HTTP_LISTEN: "127.0.0.1:80 [::1]:80" },
  };
  for (const [name, settings] of Object.entries(variants)) {
    await render(join(into, name), { ...LEAST, ...settings });
    assert.match(await check(join(into, name)), /test is successful/, name);
  }
  for (const name of ["plain", "commas"]) {
    const upstreams = await readFile(join(into, name, "upstreams.conf"), "utf8");
    const groups = upstreams.split(/^upstream /m).slice(1);
    for (const group of groups) assert.ok(group.includes("server 10.0.0.2:5000 "), `each group has every replica: ${group}`);
  }
  assert.match(await readFile(join(into, "commas", "nginx.conf"), "utf8"), /set_real_ip_from fd00::\/8;/);
});

test("settings that are missing or strange are refused", async (t) => {
  const into = await folder(t);
  await assert.rejects(render(into, { NGINX_WEB_DIR: WEB_DIR }), /NGINX_API_SERVERS: the api replicas/);
  await assert.rejects(render(into, { ...LEAST, NGINX_API_SERVERS: "10.0.0.1;include" }), /is not an address/);
  await assert.rejects(render(into, { ...LEAST, NGINX_WEB_DIR: into }), /NGINX_WEB_DIR: there is no index\.html in .*build the web client/);
  await assert.rejects(render(into, { ...LEAST, COLLABRY_MAX_UPLOAD_MB: "50m" }), /COLLABRY_MAX_UPLOAD_MB must be a whole number of megabytes/);
  await assert.rejects(render(into, { ...LEAST, NGINX_CERTIFICATE: "/a.pem" }), /NGINX_CERTIFICATE and NGINX_CERTIFICATE_KEY go together/);
  await assert.rejects(render(into, { ...LEAST, NGINX_CERTIFICATE_KEY: "/a.pem" }), /NGINX_CERTIFICATE and NGINX_CERTIFICATE_KEY go together/);
});

test("TLS: only what is safe today, HTTP/2, and everyone is sent there", async (t) => {
  const port = await freePort();
  const listen = { NGINX_HTTPS_LISTEN: `127.0.0.1:${port}` };
  const into = await folder(t);
  const settings = { ...listen, ...(await certificate(into)) };
  const { nginx } = await proxied(t, 1, settings).catch((error) => assert.fail(error));
  const sent = await raw(`${nginx.url}/notebooks/1?tab=2`, { headers: { host: "study.example" } });
  assert.deepEqual([sent.statusCode, sent.headers.location], [308, `https://study.example:${port}/notebooks/1?tab=2`]);

  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  t.after(() => session.destroy());
  const request = session.request({ ":path": "/" });
  const headers = await new Promise((resolve, reject) => request.once("response", resolve).once("error", reject));
  assert.equal(headers[":status"], 200);
  assert.match(headers["strict-transport-security"], /^max-age=\d{8}$/);
  assert.match(String(headers["set-cookie"]), /^collabry_browser=.*secure.*httponly.*samesite=lax/i);

  const handshake = (options) =>
    new Promise((resolve) => {
      const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
      socket.once("secureConnect", () => resolve(socket.getProtocol()));
      socket.once("error", () => resolve("refused"));
      t.after(() => socket.destroy());
    });
  assert.equal(await handshake({}), "TLSv1.3");
  assert.equal(await handshake({ maxVersion: "TLSv1.2" }), "TLSv1.2");
  const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" };
  assert.equal(await handshake(old), "refused");
});

test("who comes without TLS is sent to the port that people know", async (t) => {
  const into = await folder(t);
  const tls = { ...LEAST, ...(await certificate(into)) };
  const cases = [
    [{}, "https://$host$request_uri"],
    [{ NGINX_HTTPS_LISTEN: "127.0.0.1:443 [::1]:443" }, "https://$host$request_uri"],
    [{ NGINX_HTTPS_LISTEN: "6443" }, "https://$host:6443$request_uri"],
    [{ NGINX_HTTPS_LISTEN: "[::]:6443" }, "https://$host:6443$request_uri"],
    // As in a container.
    [{ NGINX_HTTPS_LISTEN: "8443", NGINX_PUBLIC_HTTPS_PORT: "443" }, "https://$host$request_uri"],
    [{ NGINX_HTTPS_LISTEN: "8443", NGINX_PUBLIC_HTTPS_PORT: "127.0.0.1:9443" }, "https://$host:9443$request_uri"],
  ];
  for (const [settings, address] of cases) {
    await render(join(into, "tls"), { ...tls, ...settings });
    const written = await readFile(join(into, "tls/tls.conf"), "utf8");
    assert.equal(/return 308 (\S+);/.exec(written)?.[1], address, JSON.stringify(settings));
  }
});

test("numbers for monitoring are inside only", async (t) => {
  const { nginx, url } = await proxied(t);
  const socketPath = join(nginx.folder, "status.sock");
  const inside = await raw("http://localhost/stub_status", { socketPath });
  assert.equal(inside.statusCode, 200);
  const outside = await fetch(`${url}/stub_status`);
  assert.match(await outside.text(), /<!doctype html>/, "the page of the web client, as for any other path");
});
