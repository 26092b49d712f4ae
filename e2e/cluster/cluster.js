// Everything that production has, on one machine as real processes: replicas of each role, nginx, Redis, MongoDB.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";

import { Account, PASSWORD } from "../support/account.js";
import { freePort, freePorts } from "../support/ports.js";
import { MODEL_DIR } from "../support/server.js";
import { logTo } from "./log.js";
import { Nginx } from "./nginx.js";
import { Api, Engine, GENEROUS, Worker } from "./roles.js";
import { Mongo, Redis } from "./stores.js";

/**
 * @typedef {object} Options
 * @property {string} folder what is kept
 * @property {number} [apis] replicas of each role
 * @property {number} [engines]
 * @property {number} [workers]
 * @property {Record<string, string>} [settings] of all three roles
 * @property {string} [mongodb] a server that runs already
 * @property {string} [redis] a server that runs already
 * @property {number} [port] of nginx
 * @property {(env: Record<string, string>) => Promise<unknown>} [fill] puts something into the stores before anyone else
 * @property {(name: string) => ((line: string) => void)} [log] where a process's lines go
 */

export class Cluster {
  /** @type {Api[]} */
  apis = [];
  /** @type {Engine[]} */
  engines = [];
  /** @type {Worker[]} */
  workers = [];
  #accounts = 0;

  /** @param {Options} options */
  constructor(options) {
    this.options = options;
  }

  /**
   * A cluster that ends with the test, with limits that no test meets by chance.
   * @param {{ after(fn: () => unknown): void }} test
   * @param {Partial<Options>} [options]
   */
  static async start(test, { settings = {}, ...options } = {}) {
    const folder = await mkdtemp(join(tmpdir(), "collabry-cluster-"));
    const log = process.env.COLLABRY_E2E_LOGS ? logTo(process.stderr) : undefined;
    const cluster = new Cluster({ folder, log, settings: { ...GENEROUS, ...settings }, ...options });
    test.after(async () => {
      await cluster.destroy();
      await rm(folder, { recursive: true, force: true });
    });
    await cluster.prepare();
    await cluster.run();
    return cluster;
  }

  /** Decides who listens where; nothing runs yet. */
  async prepare() {
    const { folder, apis = 3, engines = 2, workers = 1, port } = this.options;
    const [redis, mongo] = [join(folder, "redis"), join(folder, "mongodb")];
    await Promise.all([redis, mongo, join(folder, "nginx")].map((path) => mkdir(path, { recursive: true })));
    if (!this.options.redis) this.redis = new Redis(redis, await freePort(), this.#extra("redis"));
    if (!this.options.mongodb) this.mongodb = await Mongo.prepare(mongo, await freePort(), this.#extra("mongodb"));

    const ports = await freePorts(2 * (apis + engines) + workers + 1);
    const pair = () => /** @type {[number, number]} */ (ports.splice(0, 2));
    const listening = Array.from({ length: engines }, pair);
    this.env = this.#common(listening.map(([port]) => `http://127.0.0.1:${port}`));
    this.engines = listening.map((ports, n) => new Engine(n + 1, ports, this.env, this.#extra(`ai-engine-${n + 1}`)));
    this.apis = Array.from({ length: apis }, (_, n) => new Api(n + 1, pair(), this.env, this.#extra(`api-${n + 1}`)));
    this.workers = Array.from({ length: workers }, (_, n) => {
      return new Worker(n + 1, /** @type {number} */ (ports.shift()), this.env, this.#extra(`worker-${n + 1}`));
    });
    const servers = { NGINX_API_SERVERS: this.apis.map((api) => api.address).join(" ") };
    const shown = this.options.log ? { NGINX_ACCESS_LOG: "/dev/stdout" } : {};
    const extra = { pipe: this.options.log !== undefined, ...this.#extra("nginx") };
    this.nginx = new Nginx(join(folder, "nginx"), port ?? /** @type {number} */ (ports.shift()), { ...servers, ...shown }, extra);
    this.url = this.nginx.url;
  }

  /** @param {string[]} engines */
  #common(engines) {
    const { folder, settings } = this.options;
    return {
      MONGODB_URI: this.options.mongodb ?? this.mongodb?.url ?? "",
      REDIS_URL: this.options.redis ?? this.redis?.url ?? "",
      COLLABRY_ENGINE_URLS: engines.join(","),
      COLLABRY_SERVICE_SECRET: randomBytes(48).toString("base64"),
      COLLABRY_JWT_SECRET: randomBytes(48).toString("base64"),
      COLLABRY_BLOBS_URL: `file://${join(folder, "blobs")}`,
      COLLABRY_DATA_DIR: join(folder, "data"),
      COLLABRY_MODEL_DIR: MODEL_DIR,
      COLLABRY_LOG: "info",
      ...settings,
    };
  }

  #extra(name) {
    return this.options.log ? { log: this.options.log(name) } : {};
  }

  /** Starts everything, what others need first. */
  async run() {
    await Promise.all([this.redis?.start(), this.mongodb?.start()]);
    await this.options.fill?.(this.env);
    await Promise.all(this.engines.map((engine) => engine.start()));
    await Promise.all([...this.apis, ...this.workers].map((part) => part.start()));
    await this.nginx?.start();
  }

  /** Every process, in the order in which they end. */
  get parts() {
    const parts = [this.nginx, ...this.apis, ...this.workers, ...this.engines, this.redis, this.mongodb];
    return parts.filter((part) => part !== undefined);
  }

  /** Ends everything in order: who asks ends before who is asked. */
  async stop() {
    await this.nginx?.stop();
    await Promise.all([...this.apis, ...this.workers].map((part) => part.stop()));
    await Promise.all(this.engines.map((part) => part.stop()));
    await Promise.all([this.redis?.stop(), this.mongodb?.stop()]);
  }

  /** Ends everything at once. */
  async destroy() {
    await Promise.all(this.parts.map((part) => part.destroy()));
  }

  /** Starts one more api replica, which nginx knows nothing of. @param {Record<string, string>} [settings] */
  async addApi(settings = {}) {
    const ports = /** @type {[number, number]} */ (await freePorts(2));
    const n = this.apis.length + 1;
    const api = new Api(n, ports, { ...this.env, ...settings }, this.#extra(`api-${n}`));
    this.apis.push(api);
    await api.start();
    return api;
  }

  /** Makes an account with a name of its own. */
  async account(name = "Ada", url = this.url) {
    this.#accounts += 1;
    return Account.register(url ?? "", `${name.toLowerCase()}${this.#accounts}@example.org`, name);
  }

  /** An admin, made on the command line of an api. @param {string} email */
  async admin(email) {
    const [{ program, env }] = this.apis.map((api) => api.settings);
    await promisify(execFile)(program, ["admin", "add", email, "--name", "Admin", "--password", PASSWORD], { env });
    return Account.signIn(this.url ?? "", email);
  }
}
