// An answer over server-sent events by a standard EventSource, which comes back by itself; written down as it comes.

import { EventSource } from "eventsource";

import { within } from "../support/wait.js";

const UNAUTHORIZED = 401;
const KINDS = ["started", "citations", "delta", "done", "failed"];

export class WatchedStream {
  #connection = 0;

  /**
   * @param {string} name
   * @param {import("../support/account.js").Account} account
   * @param {string} generation
   * @param {import("./recording.js").Recording} recording
   */
  constructor(name, account, generation, recording) {
    this.name = name;
    const watcher = recording.watcher(name, generation, "sse");
    const ask = (url, init) => fetch(url, { ...init, headers: { ...init.headers, authorization: `Bearer ${account.token}` } });
    const withToken = async (url, init) => {
      const answer = await ask(url, init);
      if (answer.status !== UNAUTHORIZED) return answer;
      await account.refresh();
      return ask(url, init);
    };
    this.source = new EventSource(`${account.url}/api/ai/generations/${generation}/events`, { fetch: withToken });
    this.source.addEventListener("open", () => (this.#connection += 1));
    /** @type {Promise<void>} */
    this.ended = new Promise((resolve, reject) => {
      this.source.addEventListener("error", (error) => {
        // It tries again, unless it was told something that is no stream.
        if (this.source.readyState === EventSource.CLOSED) reject(new Error(`${name}: the stream was refused: ${error.code} ${error.message}`));
      });
      for (const kind of KINDS) {
        this.source.addEventListener(kind, ({ data }) => {
          watcher.entries.push({ connection: this.#connection, how: "live", event: { kind, ...JSON.parse(data) } });
          if (kind !== "done" && kind !== "failed") return;
          this.source.close();
          resolve();
        });
      }
    });
    this.ended.catch(() => {});
  }

  get connections() {
    return this.#connection;
  }

  /** Ends when the answer does. */
  whole() {
    return within(this.ended, `${this.name} ends`);
  }
}
