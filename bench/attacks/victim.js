// Somebody who works while others misbehave: one thing of each kind after the other, timed.

import { setTimeout as sleep } from "node:timers/promises";

import { until } from "../../e2e/support/wait.js";

/** Between two rounds: well within the limits of one person. */
const PAUSE_MS = 700;
/** A round in which this did not come is a failure. */
const TIMEOUT_MS = 30_000;

export class Victim {
  failures = 0;

  constructor(account, notebook, conversation) {
    Object.assign(this, { account, notebook, conversation });
  }

  /** @param {import("../../e2e/support/server.js").Server} server */
  static async of(server) {
    const account = await server.account("Other");
    const notebook = await account.notebook();
    const { id } = await account.upload(notebook, "Leaves.md", "Leaves are green because of chlorophyll.");
    await account.ready(id);
    return new Victim(account, notebook, await account.conversation(notebook));
  }

  /** Works for a while; the times of each kind of work in milliseconds. @param {number} ms */
  async work(ms) {
    const times = { list: [], send: [], answer: [], upload: [] };
    const { account, notebook, conversation } = this;
    for (let n = 0, end = performance.now() + ms; performance.now() < end; n += 1) {
      const message = (content, ask) => ({ clientId: crypto.randomUUID(), content, ask, model: "builtin/extractive" });
      await this.#time(times.list, () => account.get("/api/notebooks"));
      await this.#time(times.send, () => account.post(`/api/conversations/${conversation}/messages`, { ...message("hello", false), model: undefined }));
      await this.#time(times.answer, async () => {
        const { generationId } = await account.post(`/api/conversations/${conversation}/messages`, message("Why are leaves green?", true));
        await until("it is answered", async () => (await account.get(`/api/ai/generations/${generationId}`)).state !== "running", TIMEOUT_MS);
      });
      if (n % 5 === 0) {
        await this.#time(times.upload, async () => {
          const { id } = await account.upload(notebook, `Note ${n}.md`, `Note ${n}: water boils at 100 degrees.`);
          await account.ready(id);
        });
      }
      await sleep(PAUSE_MS);
    }
    return times;
  }

  async #time(into, what) {
    const begun = performance.now();
    try {
      await what();
      into.push(performance.now() - begun);
    } catch (error) {
      this.failures += 1;
      process.stderr.write(`  the other person: ${error.message}\n`);
    }
  }
}
