// What everyone saw, as raw as it came: the checker judges it, nothing is tidied up here.

/**
 * A message as a client got it, in the order in which it got it.
 * @typedef {object} Entry
 * @property {number} connection counts up from 1 with each connection of the client
 * @property {"live" | "joined" | "caught up"} how live: by itself; joined: by asking what was missed, and `caught up` once
 *   that was answered in full
 * @property {any} [message]
 *
 * @typedef {{ name: string, conversation: string, lossy?: boolean, entries: Entry[] }} Reader
 * @typedef {{ connection: number, how: "live" | "asked", event: import("../support/answer.js").AnswerEvent }} StreamEntry
 * @typedef {{ name: string, generation: string, kind: "sse" | "socket", entries: StreamEntry[] }} Watcher
 *
 * @typedef {object} Stored what the database holds
 * @property {Record<string, any[]>} messages of each conversation, by position
 */

export class Recording {
  /** What was acknowledged: the message as it was in the acknowledgement. @type {any[]} */
  acked = [];
  /** What was asked for, acknowledged or not, by its client's id. @type {Set<string>} */
  sent = new Set();
  /** @type {Reader[]} */
  readers = [];
  /** @type {Watcher[]} */
  watchers = [];

  /** @param {string} name @param {string} conversation @param {{ lossy?: boolean }} [options] @returns {Reader} */
  reader(name, conversation, { lossy = false } = {}) {
    const reader = { name, conversation, lossy, entries: [] };
    this.readers.push(reader);
    return reader;
  }

  /** @param {string} name @param {string} generation @param {"sse" | "socket"} kind @returns {Watcher} */
  watcher(name, generation, kind) {
    const watcher = { name, generation, kind, entries: [] };
    this.watchers.push(watcher);
    return watcher;
  }
}
