// nginx, as it is shipped, in front of stand-ins for the api.

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { Nginx } from "../cluster/nginx.js";
import { freePort } from "./ports.js";
import { Upstream } from "./upstream.js";

/** A folder that goes with the test. @param {{ after(fn: () => unknown): void }} test */
export async function folder(test) {
  const path = await mkdtemp(join(tmpdir(), "collabry-nginx-"));
  test.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/**
 * @param {{ after(fn: () => unknown): void }} test
 * @param {number} count of stand-ins
 * @param {Record<string, string>} [settings] as in `nginx/render.sh`
 */
export async function proxied(test, count = 1, settings = {}) {
  const upstreams = await Promise.all(Array.from({ length: count }, (_, n) => Upstream.start(test, `replica-${n + 1}`)));
  const servers = upstreams.map((upstream) => upstream.address).join(" ");
  const nginx = new Nginx(await folder(test), await freePort(), { NGINX_API_SERVERS: servers, ...settings });
  test.after(() => nginx.stop());
  await nginx.start();
  return { nginx, upstreams, url: nginx.url };
}

/** A certificate of its own making. @param {string} into */
export async function certificate(into) {
  const [certificate, key] = [join(into, "certificate.pem"), join(into, "key.pem")];
  await promisify(execFile)("openssl", [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
    "-subj", "/CN=localhost", "-keyout", key, "-out", certificate,
  ]);
  return { NGINX_CERTIFICATE: certificate, NGINX_CERTIFICATE_KEY: key };
}

/**
 * A request with nothing added or taken away, unlike `fetch`; resolves with the head of the answer.
 * @param {string} url @param {import("node:http").RequestOptions} [options] @param {string} [body]
 * @returns {Promise<import("node:http").IncomingMessage>}
 */
export function raw(url, options = {}, body) {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, ...options }, resolve);
    asked.on("error", reject);
    asked.end(body);
  });
}

/** @param {import("node:http").IncomingMessage} answer */
export async function text(answer) {
  const chunks = [];
  for await (const chunk of answer) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
