// Where the replicas keep and coordinate: Redis, and a server of MongoDB's protocol.

import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { connect } from "node:net";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

import { Service } from "./service.js";

const MONGO_SERVER = resolve(import.meta.dirname, "../../scripts/mongo-server.sh");

const run = promisify(execFile);

/** Whether somebody listens there. @param {number} port @returns {Promise<boolean>} */
function listens(port) {
  return new Promise((answer) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => answer(true)).once("error", () => answer(false));
    socket.once("connect", () => socket.destroy());
  });
}

export class Redis extends Service {
  /**
   * @param {string} folder of its own, which exists
   * @param {number} port
   * @param {Partial<import("./service.js").Settings>} [service]
   */
  constructor(folder, port, service = {}) {
    super({
      name: "redis",
      program: "redis-server",
      // As in production: nothing is thrown out to make room, so that what is full says so.
      args: [
        "--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "60 1",
        "--maxmemory", "512mb", "--maxmemory-policy", "noeviction", "--loglevel", "notice",
      ],
      ready: () => listens(port),
      ...service,
    });
    this.folder = folder;
    this.port = port;
    this.url = `redis://127.0.0.1:${port}/0`;
    this.args = this.settings.args ?? [];
  }

  /** Asks for a password from the next start on. @param {string} password */
  require(password) {
    this.settings.args = [...this.args, "--requirepass", password];
  }

  /** Ends it and takes what it kept away. */
  async lose() {
    await this.kill();
    await rm(join(this.folder, "dump.rdb"), { force: true });
  }
}

export class Mongo extends Service {
  /**
   * A mongod from the PATH, or else the stand-in of the tests.
   * @param {string} folder of its own
   * @param {number} port
   * @param {Partial<import("./service.js").Settings>} [service]
   */
  static async prepare(folder, port, service = {}) {
    const { stdout } = await run(MONGO_SERVER);
    return new Mongo(stdout.trim(), folder, port, service);
  }

  constructor(program, folder, port, service) {
    super({
      name: "mongodb",
      program,
      args: [String(port), folder],
      // It ends when we do.
      stdin: "pipe",
      ready: () => listens(port),
      ...service,
    });
    this.url = `mongodb://127.0.0.1:${port}/collabry`;
  }
}
