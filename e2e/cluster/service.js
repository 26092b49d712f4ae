// One process of the cluster: started, stopped, killed, paused, and started again with the same settings.

import { once } from "node:events";

import { Child } from "../support/process.js";
import { until } from "../support/wait.js";

/**
 * @typedef {object} Settings
 * @property {string} name
 * @property {string} program
 * @property {string[]} [args]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {() => Promise<boolean>} ready whether it serves; asked again and again after the start
 * @property {() => Promise<void>} [before] what has to be so before it starts; throws a sentence when it is not
 * @property {(line: string) => void} [log] what it prints, line by line
 * @property {boolean} [pipe] gives it a pipe for its output, for programs that open `/dev/stdout`, which a socket is not
 * @property {"ignore" | "pipe"} [stdin]
 */

export class Service {
  /** @type {Child | undefined} */
  #child;

  /** @param {Settings} settings */
  constructor(settings) {
    this.settings = settings;
    this.name = settings.name;
  }

  /** Starts the process and waits until it serves. */
  async start() {
    if (this.alive) throw new Error(`${this.name} runs already`);
    const { program, args = [], env = {}, pipe = false, stdin, before } = this.settings;
    await before?.();
    const environment = { PATH: `${process.env.PATH}:/usr/sbin`, ...env };
    const command = pipe ? ["bash", "-c", 'exec "$@" > >(exec cat)', "bash", program, ...args] : [program, ...args];
    const child = new Child(command[0], command.slice(1), environment, { group: true, stdin });
    this.#child = child;
    this.#follow(child);
    await until(`${this.name} is ready`, async () => {
      if (!child.alive) throw new Error(`${this.name} ended:\n${child.output}`);
      return this.settings.ready();
    });
    // Somebody else may have answered.
    if (!child.alive) throw new Error(`${this.name} ended:\n${child.output}`);
  }

  /** @param {Child} child */
  #follow(child) {
    const { log } = this.settings;
    if (!log) return;
    for (const stream of [child.child.stdout, child.child.stderr]) {
      let rest = "";
      stream.on("data", (text) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        lines.forEach(log);
      });
      stream.on("end", () => rest !== "" && log(rest));
    }
  }

  get alive() {
    return this.#child?.alive ?? false;
  }

  get pid() {
    const pid = this.#child?.child.pid;
    if (!this.alive || pid === undefined) throw new Error(`${this.name} does not run`);
    return pid;
  }

  get output() {
    return this.#child?.output ?? "";
  }

  /** How the last run ended. */
  get ended() {
    if (!this.#child) throw new Error(`${this.name} was never started`);
    return this.#child.ended;
  }

  /** @param {NodeJS.Signals} signal */
  signal(signal) {
    this.#child?.child.kill(signal);
  }

  /** Ends it as its operator would, and waits. */
  async stop() {
    if (!this.alive) return;
    this.resume();
    this.signal("SIGTERM");
    return this.ended;
  }

  /** Ends it as a power cut would, as far as the process can tell. */
  async kill() {
    if (!this.#child || !this.alive) return;
    const exited = once(this.#child.child, "exit");
    this.signal("SIGKILL");
    await exited;
  }

  /** Leaves nothing of it behind. */
  async destroy() {
    await this.#child?.destroy();
  }

  /** Stops the process in its tracks; it knows nothing of it. */
  pause() {
    this.signal("SIGSTOP");
  }

  resume() {
    this.signal("SIGCONT");
  }

  async restart() {
    await this.stop();
    await this.start();
  }
}
