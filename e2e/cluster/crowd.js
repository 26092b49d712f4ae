// People with their notebooks, conversations and clients, and what they do all at once.

import { setTimeout as sleep } from "node:timers/promises";

import { until } from "../support/wait.js";
import { assertConsistent } from "./checker.js";
import { Member } from "./member.js";
import { InsistentStream } from "./poll.js";
import { Recording } from "./recording.js";
import { WatchedStream } from "./stream.js";

/** Members of each notebook. */
const MEMBERS = 3;
/** Handshakes at the same time. */
const AT_ONCE = 20;
/** Between two looks at whether everyone has everything. */
const SETTLE_MS = 250;

export class Crowd {
  recording = new Recording();
  /** @type {Member[]} */
  members = [];
  /** @type {WatchedStream[]} */
  streams = [];
  /** @type {InsistentStream[]} */
  insistent = [];
  /** @type {Map<string, import("../support/account.js").Account>} who can read each conversation */
  conversations = new Map();

  /**
   * @param {{ after(fn: () => unknown): void }} test
   * @param {import("./cluster.js").Cluster} cluster
   */
  constructor(test, cluster) {
    this.cluster = cluster;
    test.after(() => {
      this.members.forEach((member) => member.leave());
      [...this.streams, ...this.insistent].forEach((stream) => stream.source.close());
    });
  }

  /**
   * Conversations, each in a notebook of its own.
   * @param {number} count
   * @returns {Promise<{ conversation: string, accounts: import("../support/account.js").Account[] }[]>}
   */
  async rooms(count) {
    const people = await Promise.all(Array.from({ length: Math.max(count, MEMBERS) }, () => this.cluster.account("Person")));
    return Promise.all(Array.from({ length: count }, async (_, n) => {
      const accounts = Array.from({ length: MEMBERS }, (_, of) => people[(n + of) % people.length]);
      const [owner, ...others] = accounts;
      const notebook = await owner.notebook(`Notebook ${n + 1}`);
      for (const other of others) await owner.invite(notebook, other);
      const conversation = await owner.conversation(notebook);
      this.conversations.set(conversation, owner);
      return { conversation, accounts };
    }));
  }

  /**
   * Clients with a conversation open.
   * @param {{ conversation: string, accounts: import("../support/account.js").Account[] }} room
   * @param {number} count
   * @param {ConstructorParameters<typeof Member>[4] & { urls?: string[] }} [options] urls: where each connects, in turn
   */
  async enter({ conversation, accounts }, count, { urls, ...options } = {}) {
    const entered = [];
    for (let n = 0; n < count; n += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, count - n) }, (_, of) => {
        const at = urls && { url: urls[(n + of) % urls.length] };
        const name = `member ${this.members.length + of + 1}`;
        return new Member(name, accounts[(n + of) % accounts.length], conversation, this.recording, { ...options, ...at });
      });
      this.members.push(...some);
      await Promise.all(some.map((member) => member.ready()));
      entered.push(...some);
    }
    return entered;
  }

  /** Watches an answer over server-sent events. @param {Member} member @param {string} generation */
  stream(member, generation) {
    const stream = new WatchedStream(`stream ${this.streams.length + 1}`, member.account, generation, this.recording);
    this.streams.push(stream);
    return stream;
  }

  /** Watches it too, and comes back again and again. @param {Member} member @param {string} generation */
  insist(member, generation) {
    const stream = new InsistentStream(`insistent ${this.insistent.length + 1}`, member.account, generation, this.recording);
    this.insistent.push(stream);
    return stream;
  }

  /** Events of answers that came so far. */
  get events() {
    return this.recording.watchers.reduce((sum, { entries }) => sum + entries.length, 0);
  }

  /** What the database holds, asked for over REST. */
  async stored() {
    const messages = {};
    for (const [conversation, account] of this.conversations) messages[conversation] = await account.messages(conversation);
    return { messages };
  }

  /** Waits until nothing is on its way any more, and decides whether all is as it should be. */
  async assertConsistent() {
    await Promise.all([...this.streams, ...this.insistent].map((stream) => stream.whole()));
    const behind = () => this.members.filter((member) => !member.settled(heads.get(member.conversation) ?? 0));
    let heads = new Map();
    await until("everyone has everything", async () => {
      await sleep(SETTLE_MS);
      const { messages } = await this.stored();
      heads = new Map(Object.entries(messages).map(([conversation, all]) => [conversation, Math.max(0, ...all.map(({ rev }) => rev))]));
      return behind().length === 0;
    }).catch((error) => {
      // The checker says it better, below; this is for what it cannot see.
      console.error(`${error.message}: ${behind().slice(0, 5).join("; ")}`);
    });
    assertConsistent(this.recording, await this.stored());
  }
}

/**
 * Each says one thing after the other, and corrects something now and then.
 * @param {Member[]} speakers @param {number} each
 * @param {() => boolean} [enough] ends it before
 */
export async function chat(speakers, each, enough = () => false) {
  await Promise.all(speakers.map(async (speaker) => {
    for (let n = 1; n <= each && !enough(); n += 1) {
      const message = await speaker.send(`${speaker.name} says ${n}`);
      if (n % 5 === 0) await speaker.edit(message.id, `${speaker.name} corrects ${n}`);
    }
  }));
}
