// Steady use while something is rolled out: requests one after the other, chats over sockets, answers over event streams.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { Crowd } from "../../cluster/crowd.js";
import { PHOTOSYNTHESIS } from "../../support/documents.js";

/** As many as it takes that nobody is refused because too many write to one conversation at once. */
const ROOMS = 4;
const SOCKETS = 3;
const CALLERS = ROOMS;
/** Between two requests of a caller, of which one in so many writes: what stands in for MongoDB reads all there is. */
const PAUSE_MS = 100;
const WRITES = 5;
/** Between two things that somebody says over a socket, and between two questions. */
const TALK_MS = 1_000;
const QUESTION_MS = 1_500;
/** Access tokens last a quarter of an hour. */
const RENEW_MS = 4 * 60_000;

export class Load {
  #over = false;
  answers = [];
  questions = 0;

  /** @param {{ after(fn: () => unknown): void }} test @param {import("./stack.js").Stack} stack */
  static async start(test, stack) {
    const load = new Load();
    test.after(() => (load.#over = true));
    load.crowd = new Crowd(test, /** @type {any} */ (stack));
    load.rooms = await load.crowd.rooms(ROOMS);
    for (const { conversation, accounts: [owner] } of load.rooms) {
      const { notebookId } = await owner.get(`/api/conversations/${conversation}`);
      await owner.ready((await owner.upload(notebookId, "photosynthesis.md", PHOTOSYNTHESIS)).id);
    }
    for (const room of load.rooms) await load.crowd.enter(room, SOCKETS, { watch: true });
    load.work = Promise.all([
      ...load.crowd.members.filter((_, n) => n % SOCKETS === 0).map((member) => load.#talk(member)),
      load.#ask(load.crowd.members[1]),
      load.#stayIn(new Set(load.rooms.flatMap(({ accounts }) => accounts))),
      ...Array.from({ length: CALLERS }, (_, n) => load.#call(load.rooms[n % ROOMS])),
    ]);
    load.work.catch(() => {});
    return load;
  }

  /** @param {import("../../cluster/member.js").Member} member */
  async #talk(member) {
    for (let n = 1; !this.#over; n += 1) {
      const message = await member.send(`${member.name} says ${n}`);
      if (n % 5 === 0) await member.edit(message.id, `${member.name} corrects ${n}`);
      await sleep(TALK_MS);
    }
  }

  /** @param {Set<import("../../support/account.js").Account>} accounts */
  async #stayIn(accounts) {
    for (let renewed = Date.now(); !this.#over; await sleep(TALK_MS)) {
      if (Date.now() - renewed < RENEW_MS) continue;
      await Promise.all([...accounts].map((account) => account.refresh()));
      renewed = Date.now();
    }
  }

  /** Questions, each answer watched over server-sent events. @param {import("../../cluster/member.js").Member} member */
  async #ask(member) {
    while (!this.#over) {
      const question = await member.send("What does chlorophyll absorb?", { ask: true });
      this.questions += 1;
      await this.crowd.stream(member, question.generationId).whole();
      await sleep(QUESTION_MS);
    }
  }

  /** One request after the other, each once: reading, and writing. */
  async #call({ conversation, accounts: [account] }) {
    const path = `${account.url}/api/conversations/${conversation}/messages`;
    for (let n = 0; !this.#over; n += 1) {
      const clientId = crypto.randomUUID();
      const headers = { authorization: `Bearer ${account.token}`, "content-type": "application/json" };
      const post = { method: "POST", headers, body: JSON.stringify({ clientId, content: `Request ${n}`, ask: false }) };
      const writes = n % WRITES === 0;
      if (writes) this.crowd.recording.sent.add(clientId);
      const begin = performance.now();
      const answer = await fetch(writes ? path : `${path}?limit=20`, writes ? post : { headers }).then(
        async (answer) => ({ status: answer.status, body: await answer.json() }),
        (error) => ({ status: 0, body: String(error.cause ?? error) }),
      );
      if (writes && answer.status > 0 && answer.status < 300) this.crowd.recording.acked.push(answer.body);
      this.answers.push({ at: new Date().toISOString(), method: writes ? "POST" : "GET", ms: performance.now() - begin, ...answer });
      await sleep(PAUSE_MS);
    }
  }

  /** Ends it, and fails when a request failed or anything was lost. @param {{ diagnostic(line: string): void }} test */
  async assertUnharmed(test) {
    this.#over = true;
    await this.work;
    const failed = this.answers.filter(({ status }) => status < 200 || status > 299);
    const slowest = Math.max(...this.answers.map(({ ms }) => ms));
    const { acked } = this.crowd.recording;
    test.diagnostic(
      `${this.answers.length} requests, ${failed.length} failed, the slowest took ${Math.round(slowest)} ms; ` +
        `${acked.length} changes acknowledged; ${this.questions} answers with ${this.crowd.events} events`,
    );
    assert.deepEqual(failed.slice(0, 5), []);
    await this.crowd.assertConsistent();
  }
}
