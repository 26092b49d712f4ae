// A generation's events over SSE, by a standard EventSource.

import { EventSource } from "eventsource";

import { within } from "./wait.js";

const KINDS = ["started", "citations", "delta", "done", "failed"];

export class Stream {
  /** @type {import("./answer.js").AnswerEvent[]} */
  events = [];

  /**
   * @param {{ after(fn: () => unknown): void }} test
   * @param {import("./account.js").Account} account
   * @param {string} generationId
   * @param {string} [query]
   */
  constructor(test, account, generationId, query = "") {
    const withToken = (url, init) =>
      fetch(url, { ...init, headers: { ...init.headers, authorization: `Bearer ${account.token}` } });
    const url = `${account.url}/api/ai/generations/${generationId}/events${query}`;
    this.source = new EventSource(url, { fetch: withToken });
    this.ended = new Promise((resolve) => {
      for (const kind of KINDS) {
        this.source.addEventListener(kind, ({ data, lastEventId }) => {
          this.events.push({ kind, lastEventId, ...JSON.parse(data) });
          if (kind === "done" || kind === "failed") {
            this.source.close();
            resolve(this.events);
          }
        });
      }
    });
    test.after(() => this.source.close());
  }

  /** All events, once the answer has ended. */
  whole() {
    return within(this.ended, "the end of an event stream");
  }
}
