// The scripted model server, as a process of its own.

import { join } from "node:path";

import { freePort } from "./ports.js";
import { Child } from "./process.js";
import { BIN_DIR } from "./server.js";
import { until } from "./wait.js";

export class Provider {
  /** @param {number} port */
  constructor(port) {
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    /** Settings that make a server use it in both of its protocols, whatever the name of the model tells it to say. */
    this.settings = {
      COLLABRY_OLLAMA_URL: this.url,
      COLLABRY_OPENAI_URL: `${this.url}/v1`,
      COLLABRY_ALLOWED_MODELS: "ollama/*, openai/*, anthropic/*",
    };
  }

  /** Starts one that ends with the test. @param {{ after(fn: () => unknown): void }} test */
  static async start(test) {
    const provider = new Provider(await freePort());
    test.after(() => provider.end());
    await provider.run();
    return provider;
  }

  async run() {
    this.child = new Child(join(BIN_DIR, "scripted-provider"), ["--port", String(this.port)]);
    await until("the provider answers", () => {
      if (!this.child.alive) throw new Error(`the provider ended: ${this.child.output}`);
      return fetch(`${this.url}/requests`).then((answer) => answer.ok, () => false);
    });
  }

  async end() {
    await this.child.end();
  }

  /** What the next chat requests are answered with. @param {object[]} replies */
  script(...replies) {
    return this.#post("/script", replies);
  }

  /** Sends the `rest` of the replies that wait with it. */
  go() {
    return this.#post("/go");
  }

  /** How it answers from now on when asked for its models. @param {object} reply */
  listing(reply) {
    return this.#post("/listing", reply);
  }

  /** Chat requests so far. @returns {Promise<any[]>} */
  async chats() {
    const requests = await (await fetch(`${this.url}/requests`)).json();
    return requests.filter((request) => request.body !== null);
  }

  async #post(path, body) {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(this.url + path, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  }
}
