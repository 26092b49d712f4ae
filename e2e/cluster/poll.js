// An answer over server-sent events by a client of its own making: it hangs up now and then, comes back at once with the
// last id it has, and insists until the answer is over. Written down as it comes.

import { setTimeout as sleep } from "node:timers/promises";

import { within } from "../support/wait.js";

/** Before it comes back. */
const PAUSE_MS = 200;
/** How long it stays. */
const STAY_MS = 1_500;

export class InsistentStream {
  #connection = 0;
  #last = 0;
  #over = false;
  /** What it was told instead of a stream. @type {number[]} */
  refusals = [];

  /**
   * @param {string} name
   * @param {import("../support/account.js").Account} account
   * @param {string} generation
   * @param {import("./recording.js").Recording} recording
   */
  constructor(name, account, generation, recording) {
    this.name = name;
    this.account = account;
    this.generation = generation;
    this.watcher = recording.watcher(name, generation, "sse");
    this.source = { close: () => void (this.#over = true) };
    /** @type {Promise<void>} */
    this.ended = this.#insist();
    this.ended.catch(() => {});
  }

  async #insist() {
    while (!this.#over) {
      try {
        await this.#read();
      } catch (error) {
        // It hung up, or the server did.
        if (!(error instanceof Error)) throw error;
      }
      if (!this.#over) await sleep(PAUSE_MS);
    }
  }

  async #read() {
    const headers = { authorization: `Bearer ${this.account.token}`, "last-event-id": String(this.#last) };
    const url = `${this.account.url}/api/ai/generations/${this.generation}/events`;
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(STAY_MS) });
    if (answer.status !== 200 || !answer.body) return void this.refusals.push(answer.status);
    this.#connection += 1;
    let text = "";
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + chunk).split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) this.#take(block);
    }
  }

  /** @param {string} block */
  #take(block) {
    const data = block.split("\n").find((line) => line.startsWith("data: "))?.slice("data: ".length);
    if (data === undefined || this.#over) return;
    const event = JSON.parse(data);
    this.watcher.entries.push({ connection: this.#connection, how: "live", event: { kind: event.type, ...event } });
    this.#last = event.eventId;
    if (event.type === "done" || event.type === "failed") this.#over = true;
  }

  /** Ends when the answer does. */
  whole() {
    return within(this.ended, `${this.name} ends`);
  }
}
