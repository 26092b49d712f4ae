// Child processes that do not outlive their test.

import { spawn } from "node:child_process";
import { once } from "node:events";

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** A started program with what it printed. */
export class Child {
  /**
   * @param {string} program
   * @param {string[]} args
   * @param {NodeJS.ProcessEnv} [env]
   */
  constructor(program, args, env = {}) {
    this.output = "";
    this.child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    running.add(this.child);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => (this.output += text));
    }
    /** @type {Promise<{ code: number | null, signal: NodeJS.Signals | null }>} */
    this.ended = once(this.child, "close").then(([code, signal]) => {
      running.delete(this.child);
      return { code, signal };
    });
    this.ended.catch((error) => (this.output += `\n${error}`));
  }

  get alive() {
    return this.child.exitCode === null && this.child.signalCode === null && this.child.pid !== undefined;
  }

  /** Sends a signal and waits for the end. */
  async end(/** @type {NodeJS.Signals} */ signal = "SIGKILL") {
    if (this.alive) this.child.kill(signal);
    return this.ended;
  }
}
