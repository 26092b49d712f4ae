// The server under test: the shipped binary, on a port and a data folder of its own.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

import { Account } from "./account.js";
import { freePort } from "./ports.js";
import { Child } from "./process.js";
import { until } from "./wait.js";

const BIN = required("COLLABRY_BIN");
export const MODEL_DIR = required("COLLABRY_MODEL_DIR");
const WEB_DIR = resolve(import.meta.dirname, "../../web/dist");

/** @param {string} name */
function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run \`make test-e2e\``);
  return resolve(value);
}

/** Limits that no test meets by chance: all come from one address. */
const GENEROUS = Object.fromEntries(
  [
    ["ANONYMOUS", "SIGN_IN", "ACCOUNT", "API", "EVENTS", "MESSAGES", "UPLOADS", "CODES", "INVITATIONS", "EXPORTS", "FLOOD"],
    ["UNFINISHED_ANSWERS", "DAILY_ANSWERS", "DAILY_ANSWERS_OF_ALL"],
    ["SOCKETS", "SOCKET_EVENTS", "CONNECTIONS", "ADDRESS_CONNECTIONS"],
  ].flat().map((name) => [`COLLABRY_LIMIT_${name}`, "1000000"]),
);

/** The folder of the built binaries. */
export const BIN_DIR = dirname(BIN);

/** A server that can be killed and started again on the same port and data. */
export class Server {
  /** @type {Child} */
  #child;
  #accounts = 0;

  /**
   * @param {number} port
   * @param {string} dataDir
   * @param {Record<string, string>} settings
   */
  constructor(port, dataDir, settings) {
    this.url = `http://127.0.0.1:${port}`;
    this.dataDir = dataDir;
    this.env = {
      PATH: process.env.PATH,
      COLLABRY_BIND: `127.0.0.1:${port}`,
      COLLABRY_DATA_DIR: dataDir,
      COLLABRY_MODEL_DIR: MODEL_DIR,
      COLLABRY_WEB_DIR: WEB_DIR,
      COLLABRY_LOG: "info",
      COLLABRY_REGISTRATION: "open",
      ...GENEROUS,
      ...settings,
    };
  }

  /**
   * Starts a server that ends with the test.
   * @param {{ after(fn: () => unknown): void }} test
   * @param {Record<string, string>} [settings]
   */
  static async start(test, settings = {}) {
    const dataDir = await mkdtemp(join(tmpdir(), "collabry-e2e-"));
    const server = new Server(await freePort(), dataDir, settings);
    test.after(async () => {
      await server.kill();
      await rm(dataDir, { recursive: true, force: true });
    });
    await server.run();
    return server;
  }

  /** Starts the process and waits until it is ready. */
  async run() {
    this.#child = new Child(BIN, ["serve"], this.env);
    await until("the server is ready", async () => {
      if (!this.#child.alive) throw new Error(`the server ended:\n${this.#child.output}`);
      return fetch(`${this.url}/ready`).then((answer) => answer.ok, () => false);
    });
  }

  get output() {
    return this.#child.output;
  }

  get ended() {
    return this.#child.ended;
  }

  get pid() {
    return this.#child.child.pid;
  }

  /** @param {NodeJS.Signals} name */
  signal(name) {
    this.#child.child.kill(name);
  }

  /** Ends the process as a power cut would, as far as the process can tell. */
  async kill() {
    await this.#child.end("SIGKILL");
  }

  /** Makes an account with a name of its own. */
  async account(name = "Ada") {
    this.#accounts += 1;
    return Account.register(this.url, `${name.toLowerCase()}${this.#accounts}@example.org`, name);
  }
}
