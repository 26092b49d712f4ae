// From a question to its first words, over Socket.IO.

import { Live } from "../../e2e/support/socket.js";
import { within } from "../../e2e/support/wait.js";

/** One person who asks one question after the other in a conversation of their own. */
class Asker {
  /** When what was first received of each generation. @type {Map<string, Record<string, number>>} */
  #received = new Map();
  /** @type {Map<string, () => void>} */
  #endings = new Map();

  /** @param {Live} live @param {string} conversation */
  constructor(live, conversation) {
    this.live = live;
    this.conversation = conversation;
    for (const kind of ["started", "delta", "done", "failed"]) {
      live.socket.on(`generation:${kind}`, ({ generationId }) => this.#note(generationId, kind));
    }
  }

  #note(generation, kind) {
    const times = this.#received.get(generation) ?? {};
    this.#received.set(generation, times);
    times[kind] ??= performance.now();
    if (kind === "done" || kind === "failed") this.#endings.get(generation)?.();
  }

  /** Asks and waits for the end. @param {string} content */
  async ask(content) {
    const sent = performance.now();
    const { generationId } = await this.live.send(this.conversation, content);
    const stored = performance.now();
    const times = this.#received.get(generationId);
    if (times?.done === undefined && times?.failed === undefined) {
      await within(new Promise((end) => this.#endings.set(generationId, () => end(undefined))), "the answer's end");
    }
    const { started, delta, done } = this.#received.get(generationId) ?? {};
    if (done === undefined || delta === undefined) throw new Error(`generation ${generationId} gave no answer`);
    this.#endings.delete(generationId);
    this.#received.delete(generationId);
    this.live.received.length = 0;
    return { sent, stored, started, delta, done };
  }
}

/**
 * Measures one asker, then all of them, each in a conversation of their own.
 * @param {import("./report.js").Report} report
 * @param {{ after(fn: () => unknown): void }} scope
 * @param {import("../../e2e/support/server.js").Server} server
 * @param {{ owner: import("../../e2e/support/account.js").Account, notebook: string, author: import("./prose.js").Author }} world
 * @param {number} people @param {number} count questions in each round
 */
export async function questions(report, scope, server, { owner, notebook, author }, people, count) {
  const askers = [];
  for (let n = 0; n < people; n += 1) {
    const person = await server.account("Asker");
    await owner.invite(notebook, person);
    const live = await Live.connect(scope, person, { transports: ["websocket"] });
    const conversation = await person.conversation(notebook);
    await live.join(conversation);
    askers.push(new Asker(live, conversation));
  }
  for (const round of [askers.slice(0, 1), askers]) {
    report.progress(`${count} questions, ${round.length} at a time`);
    await askers[0].ask(author.question());
    const waiting = Array.from({ length: count }, () => author.question());
    const answers = [];
    const work = async (asker) => {
      for (let question = waiting.pop(); question !== undefined; question = waiting.pop()) answers.push(await asker.ask(question));
    };
    const begun = performance.now();
    await Promise.all(round.map(work));
    const seconds = (performance.now() - begun) / 1000;
    const label = `question, ${round.length} at a time`;
    report.durations(`${label}: sent to stored`, answers.map(({ sent, stored }) => stored - sent));
    report.durations(`${label}: stored to generation:started`, answers.map(({ stored, started }) => started - stored));
    report.durations(`${label}: stored to first generation:delta`, answers.map(({ stored, delta }) => delta - stored));
    report.durations(`${label}: sent to generation:done`, answers.map(({ sent, done }) => done - sent));
    report.figure(`${label}: answers`, count / seconds, "1/s");
  }
}
