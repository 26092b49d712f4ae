// The Node server: two processes over the same kind of Redis.

import { createHmac, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { Service } from "../../e2e/cluster/service.js";
import { Redis } from "../../e2e/cluster/stores.js";
import { freePort } from "../../e2e/support/ports.js";
import { RawSocket } from "../../e2e/support/raw-socket.js";

const SERVER = resolve(import.meta.dirname, "../peer/server.js");
const HOUR_SECS = 3_600;

const part = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** A token as Collabry's: HS256. @param {string} secret */
function token(secret) {
  const now = Math.floor(Date.now() / 1000);
  const head = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: crypto.randomUUID(), iat: now, exp: now + HOUR_SECS })}`;
  return `${head}.${createHmac("sha256", secret).update(head).digest("base64url")}`;
}

export class Peer {
  static title = "Node";
  room = crypto.randomUUID();
  others = {};

  /** @param {{ after(fn: () => unknown): void }} scope @param {import("../../e2e/support/provider.js").Provider} provider */
  static async start(scope, provider) {
    const peer = new Peer();
    peer.provider = provider;
    peer.folder = await mkdtemp(join(tmpdir(), "collabry-peer-"));
    scope.after(() => peer.end());
    const secret = randomBytes(48).toString("base64");
    peer.token = token(secret);
    peer.redis = new Redis(peer.folder, await freePort());
    await peer.redis.start();
    peer.services = [];
    for (const name of ["receiving", "sending"]) peer.services.push(await peer.#serve(name, secret));
    peer.replicas = peer.services.map(({ url, service }) => ({ url, pid: service.pid }));
    return peer;
  }

  async #serve(name, secret) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const env = { PORT: String(port), REDIS_URL: this.redis.url, SECRET: secret, PROVIDER_URL: this.provider.url, NODE_ENV: "production" };
    const ready = () => fetch(`${url}/open`).then(() => true, () => false);
    const service = new Service({ name, program: process.execPath, args: [SERVER], env, ready });
    await service.start();
    return { url, service };
  }

  /** @param {number} replica @param {(text: string) => void} [onText] */
  connect(replica, onText) {
    return new RawSocket(this.replicas[replica].url, this.token, onText);
  }

  get headers() {
    return { authorization: `Bearer ${this.token}` };
  }

  async limited() {
    const { url, pid } = this.replicas[0];
    return { open: { url: `${url}/open`, pid }, shut: { url: `${url}/shut`, pid } };
  }

  stream() {
    return fetch(`${this.replicas[0].url}/stream`, { headers: this.headers });
  }

  async end() {
    await Promise.all([...this.services.map(({ service }) => service), this.redis].map((service) => service.destroy()));
    await rm(this.folder, { recursive: true, force: true });
  }
}
