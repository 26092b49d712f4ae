// Child processes that do not outlive their test.

import { spawn } from "node:child_process";
import { once } from "node:events";

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();
/** Of these, the ones that lead a process group: their own children end with them. */
const groups = new Set();
process.on("exit", () => running.forEach((child) => endNow(child)));

function endNow(child) {
  if (!groups.has(child)) return child.kill("SIGKILL");
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It is gone.
  }
}

/** Children in groups of their own do not get the terminal's Ctrl-C: they end with us, in the order that we choose. */
function endWithUs() {
  if (groups.size > 0) return;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    if (process.listenerCount(signal) === 0) process.on(signal, () => process.exit(130));
  }
}

/** A started program with what it printed. */
export class Child {
  /**
   * @param {string} program
   * @param {string[]} args
   * @param {NodeJS.ProcessEnv} [env]
   * @param {{ group?: boolean, stdin?: "ignore" | "pipe" }} [options] group: the program has children of its own, which
   *   end with it; stdin: a pipe closes when we end, which some programs wait for
   */
  constructor(program, args, env = {}, { group = false, stdin = "ignore" } = {}) {
    this.output = "";
    if (group) endWithUs();
    this.child = spawn(program, args, { env, stdio: [stdin, "pipe", "pipe"], detached: group });
    running.add(this.child);
    if (group) groups.add(this.child);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => (this.output += text));
    }
    /** @type {Promise<{ code: number | null, signal: NodeJS.Signals | null }>} */
    this.ended = once(this.child, "close").then(([code, signal]) => {
      running.delete(this.child);
      groups.delete(this.child);
      return { code, signal };
    });
    this.ended.catch((error) => (this.output += `\n${error}`));
  }

  get alive() {
    return this.child.exitCode === null && this.child.signalCode === null && this.child.pid !== undefined;
  }

  /** Ends it at once, and in a group all that it started. */
  async destroy() {
    if (this.alive) endNow(this.child);
    return this.ended;
  }

  /** Sends a signal and waits for the end. */
  async end(/** @type {NodeJS.Signals} */ signal = "SIGKILL") {
    if (this.alive) this.child.kill(signal);
    return this.ended;
  }
}
