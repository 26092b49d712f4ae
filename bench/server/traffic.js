// Requests at a steady rate, whether the ones before have been answered or not.

import { monitorEventLoopDelay } from "node:perf_hooks";

/** Between two of the cheap requests. */
const CHEAP_EVERY_MS = 20;
/** Between two searches, which take a processor for some time. */
const SEARCH_EVERY_MS = 500;

export class Traffic {
  /** Milliseconds by kind of request. @type {Record<string, number[]>} */
  #cheap = {};
  /** @type {number[]} */
  #searches = [];
  #open = new Set();
  #failures = [];
  #lag = monitorEventLoopDelay({ resolution: 1 });

  /**
   * Starts right away.
   * @param {import("../../e2e/support/account.js").Account} account
   * @param {{ notebook: string, conversation: string, author: import("./prose.js").Author }} place
   */
  constructor(account, { notebook, conversation, author }) {
    const messages = `/api/conversations/${conversation}/messages`;
    const say = () => account.post(messages, { clientId: crypto.randomUUID(), content: "Noted.", ask: false });
    const kinds = Object.entries({
      "GET notebooks": () => account.get("/api/notebooks"),
      "GET messages": () => account.get(messages),
      "POST message": say,
    });
    for (const [kind] of kinds) this.#cheap[kind] = [];
    const search = () => account.post(`/api/notebooks/${notebook}/search`, { query: author.question() });
    let turn = 0;
    const cheap = () => {
      const [kind, request] = kinds[turn++ % kinds.length];
      this.#send(request, this.#cheap[kind]);
    };
    this.#lag.enable();
    this.timers = [setInterval(cheap, CHEAP_EVERY_MS), setInterval(() => this.#send(search, this.#searches), SEARCH_EVERY_MS)];
  }

  #send(request, times) {
    const begun = performance.now();
    const answered = request().then(
      () => times.push(performance.now() - begun),
      (error) => this.#failures.push(error),
    );
    this.#open.add(answered);
    answered.finally(() => this.#open.delete(answered));
  }

  /** Ends, once all are answered, and reports. @param {import("./report.js").Report} report @param {string} when */
  async end(report, when) {
    this.timers.forEach((timer) => clearInterval(timer));
    await Promise.all(this.#open);
    this.#lag.disable();
    if (this.#failures.length > 0) throw this.#failures[0];
    for (const [kind, times] of Object.entries(this.#cheap)) report.durations(`${when}: ${kind}`, times);
    report.durations(`${when}: these three`, Object.values(this.#cheap).flat());
    report.durations(`${when}: POST search`, this.#searches);
    report.figure(`${when}: delay of the client's own event loop, p99`, this.#lag.percentile(99) / 1e6, "ms");
  }
}
