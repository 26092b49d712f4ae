// The three roles as processes: which settings each gets.

import { join, resolve } from "node:path";

import { BIN_DIR } from "../support/server.js";
import { Service } from "./service.js";

const WEB_DIR = resolve(import.meta.dirname, "../../web/dist");

/** @typedef {Partial<import("./service.js").Settings>} Extra */

/** Limits that no test meets by chance: all come from one address. */
export const GENEROUS = Object.fromEntries(
  [
    ["ANONYMOUS", "SIGN_IN", "ACCOUNT", "API", "EVENTS", "MESSAGES", "UPLOADS", "CODES", "INVITATIONS", "FLOOD"],
    ["UNFINISHED_ANSWERS", "DAILY_ANSWERS", "DAILY_ANSWERS_OF_ALL"],
    ["SOCKETS", "SOCKET_EVENTS", "CONNECTIONS", "ADDRESS_CONNECTIONS"],
  ].flat().map((name) => [`COLLABRY_LIMIT_${name}`, "1000000"]),
);

/**
 * @param {string} role @param {string} name @param {number} port for its insides
 * @param {Record<string, string>} env @param {Extra} extra
 */
function service(role, name, port, env, extra) {
  const ready = () => fetch(`http://127.0.0.1:${port}/ready`).then((answer) => answer.ok, () => false);
  return {
    name,
    program: join(BIN_DIR, `collabry-${role}`),
    args: ["serve"],
    env: { COLLABRY_INTERNAL_BIND: `127.0.0.1:${port}`, ...env },
    ready,
    ...extra,
  };
}

export class Api extends Service {
  /**
   * @param {number} n
   * @param {[number, number]} ports to serve, and for its insides
   * @param {Record<string, string>} env @param {Extra} [extra]
   */
  constructor(n, [port, inside], env, extra = {}) {
    const own = {
      COLLABRY_BIND: `127.0.0.1:${port}`,
      COLLABRY_WEB_DIR: WEB_DIR,
      COLLABRY_TRUSTED_PROXIES: "127.0.0.1",
      COLLABRY_REGISTRATION: "open",
    };
    super(service("api", `api-${n}`, inside, { ...own, ...env }, extra));
    this.inside = `127.0.0.1:${inside}`;
    this.address = `127.0.0.1:${port}`;
    this.url = `http://${this.address}`;
  }
}

export class Engine extends Service {
  /** As for `Api`. */
  constructor(n, [port, inside], env, extra = {}) {
    const own = { COLLABRY_ENGINE_BIND: `127.0.0.1:${port}`, COLLABRY_THREADS: "1" };
    super(service("ai-engine", `ai-engine-${n}`, inside, { ...own, ...env }, extra));
    this.inside = `127.0.0.1:${inside}`;
  }
}

export class Worker extends Service {
  /** As for `Api`, with a port for its insides only. */
  constructor(n, inside, env, extra = {}) {
    super(service("worker", `worker-${n}`, inside, env, extra));
    this.inside = `127.0.0.1:${inside}`;
  }
}
