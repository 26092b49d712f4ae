// Decides whether anything was lost, doubled or put out of order: compares what was acknowledged, what each client
// received, and what the database holds. Takes no part in the test, and reads no log.

import { isDeepStrictEqual } from "node:util";

import { groupBy } from "../support/group.js";

/** @typedef {{ rule: string, detail: string }} Violation */

/**
 * Everything that is wrong; nothing when all is well.
 * @param {import("./recording.js").Recording} recording
 * @param {import("./recording.js").Stored} stored
 * @returns {Violation[]}
 */
export function check(recording, stored) {
  /** @type {Violation[]} */
  const violations = [];
  const note = (/** @type {string} */ rule, /** @type {string} */ detail) => violations.push({ rule, detail });
  for (const [conversation, messages] of Object.entries(stored.messages)) checkLog(note, recording, conversation, messages);
  checkAcked(note, recording, stored);
  for (const reader of recording.readers) {
    const messages = stored.messages[reader.conversation] ?? [];
    checkDelivery(note, reader, messages);
    checkCopy(note, reader, messages);
  }
  for (const watcher of recording.watchers) checkStream(note, watcher);
  checkAnswers(note, recording, stored);
  return violations;
}

/** Fails with all violations, the first of each rule in full. @param {Parameters<typeof check>} of */
export function assertConsistent(...of) {
  const violations = check(...of);
  if (violations.length === 0) return;
  const rules = groupBy(violations, ({ rule }) => rule);
  const lines = [...rules].map(([rule, all]) => `${rule} (${all.length}): ${all.slice(0, 3).map(({ detail }) => detail).join("; ")}`);
  throw new Error(`${violations.length} violations\n  ${lines.join("\n  ")}`);
}

/** The log itself: nobody's message twice, and no rev that nobody knows of. */
function checkLog(note, { acked, readers }, conversation, messages) {
  for (const of of ["id", "clientId", "rev", "position"]) {
    for (const value of repeated(messages.map((message) => message[of]))) note("stored once", `${of} ${value} twice in ${conversation}`);
  }
  // A rev that no stored message has was taken by a change that has itself been changed since.
  const received = readers.flatMap(({ entries }) => entries.map(({ message }) => message)).filter((message) => message !== undefined);
  const ours = [...messages, ...acked, ...received].filter((message) => message.conversationId === conversation);
  const known = new Set(ours.flatMap(({ rev, position }) => [rev, position]));
  const head = Math.max(0, ...messages.map((message) => message.rev));
  for (let rev = 1; rev <= head; rev += 1) if (!known.has(rev)) note("no holes", `rev ${rev} of ${conversation} is nowhere`);
}

/** What was acknowledged is there, once, and was not changed by anything but a later acknowledged change. */
function checkAcked(note, { acked, sent }, { messages }) {
  const byId = new Map(Object.values(messages).flat().map((message) => [message.id, message]));
  /** @type {Map<string, any>} */
  const latest = new Map();
  for (const message of acked) {
    const known = latest.get(message.id);
    if (known?.rev === message.rev && !isDeepStrictEqual(known, message)) note("acked alike", `${message.id} at rev ${message.rev}`);
    if (!known || known.rev < message.rev) latest.set(message.id, message);
  }
  for (const message of latest.values()) {
    const there = byId.get(message.id);
    if (!there) note("acked is stored", `${message.clientId} (${message.id}) was acknowledged and is gone`);
    else if (there.rev === message.rev && !isDeepStrictEqual(there, message)) note("acked is stored", `${message.clientId} is not as it was acknowledged`);
    else if (there.rev < message.rev) note("acked is stored", `${message.clientId} went back from rev ${message.rev} to ${there.rev}`);
  }
  for (const message of byId.values()) {
    if (message.author.kind === "user" && !sent.has(message.clientId)) note("only what was sent", `${message.clientId} was never sent`);
  }
}

/** How messages came: within a connection each once, in order, and without a gap that nobody filled. */
function checkDelivery(note, reader, stored) {
  const { name, lossy, entries } = reader;
  for (const [connection, all] of groupBy(entries, (entry) => entry.connection)) {
    const where = `${name}, connection ${connection}`;
    const live = all.filter(({ how }) => how === "live").map(({ message }) => message.rev);
    for (const rev of repeated(live)) note("delivered once", `${where}: rev ${rev} came twice`);
    for (const [index, rev] of live.entries()) {
      if (index > 0 && rev < live[index - 1]) note("delivered in order", `${where}: rev ${rev} after ${live[index - 1]}`);
    }
  }
  if (!lossy) checkGaps(note, reader, new Set(stored.map((message) => message.rev)));
}

/**
 * What comes by itself goes on where the client stands; only while it asks may something else be on its way. A message
 * that was changed before anyone was told of it comes with its last rev alone: only what is `current` can be missed.
 */
function checkGaps(note, { name, entries }, current) {
  let known = 0;
  let connection = 0;
  let caughtUp = false;
  for (const entry of entries) {
    if (entry.connection !== connection) caughtUp = false;
    connection = entry.connection;
    if (entry.how === "caught up") caughtUp = true;
    if (!entry.message) continue;
    const { rev } = entry.message;
    const missed = entry.how === "live" && caughtUp && between(known, rev).some((left) => current.has(left));
    if (missed) note("no gap", `${name}, connection ${connection}: rev ${rev} after ${known}`);
    known = Math.max(known, rev);
  }
}

/** What a client has in the end is what the database holds. */
function checkCopy(note, { name, entries }, stored) {
  /** @type {Map<string, any>} */
  const copy = new Map();
  for (const { message } of entries) {
    if (message && message.rev > (copy.get(message.id)?.rev ?? 0)) copy.set(message.id, message);
  }
  for (const message of stored) {
    const own = copy.get(message.id);
    copy.delete(message.id);
    if (!own) note("everyone has all", `${name} never got rev ${message.rev} (${message.id})`);
    else if (own.rev !== message.rev) note("everyone has all", `${name} has rev ${own.rev} of ${message.id}, not ${message.rev}`);
    else if (!isDeepStrictEqual(own, message)) note("everyone has the same", `${name} has another ${message.id}`);
  }
  for (const message of copy.values()) note("nothing made up", `${name} got ${message.id}, which is not stored`);
}

/** An answer's events: from the first to the one end, each once, in order. */
function checkStream(note, { name, kind, generation, entries }) {
  const where = `${name}, generation ${generation}`;
  /** @type {Map<number, any>} */
  const seen = new Map();
  let before = { connection: 0, id: 0 };
  for (const { connection, how, event } of entries) {
    const known = seen.get(event.eventId);
    if (known && (known.text !== event.text || known.kind !== event.kind)) note("events are alike", `${where}: event ${event.eventId} differs`);
    // An event stream goes on by itself where it was; a socket asks, and what was on its way may come again.
    if (known && (kind === "sse" || (how === "live" && known.live === connection))) note("no event twice", `${where}: event ${event.eventId}`);
    if (kind === "sse" && event.eventId !== before.id + 1) note("no event missing", `${where}: event ${event.eventId} after ${before.id}`);
    if (how === "live" && connection === before.connection && event.eventId < before.id) note("events in order", `${where}: ${event.eventId} after ${before.id}`);
    seen.set(event.eventId, { ...event, live: how === "live" ? connection : known?.live });
    if (kind === "sse" || how === "live") before = { connection, id: event.eventId };
  }
  const ids = [...seen.keys()].sort((a, b) => a - b);
  if (ids[0] !== 1 || ids.at(-1) !== ids.length) note("no event missing", `${where}: ${ids.length} events, the last is ${ids.at(-1)}`);
  const ends = [...seen.values()].filter(isEnd);
  if (ends.length !== 1 || ends[0].eventId !== ids.at(-1)) note("one end", `${where}: ${ends.length} ends`);
}

/** All who watched the same answer saw the same, and it is what is stored. */
function checkAnswers(note, { watchers }, { messages }) {
  const all = Object.values(messages).flat();
  for (const [generation, of] of groupBy(watchers, (watcher) => watcher.generation)) {
    const texts = of.map(({ name, entries }) => ({ name, ...whole(entries) }));
    for (const { name, text } of texts) {
      if (text !== texts[0].text) note("all saw the same", `${generation}: ${name} differs from ${texts[0].name}`);
    }
    const answers = all.filter((message) => message.generationId === generation && message.author.kind === "assistant");
    if (answers.length > 1) note("one answer", `${generation} has ${answers.length}`);
    // Each by itself: whoever was told an end has all that is stored, and the end says how much that is.
    for (const { name, end, text } of texts) {
      if (end && answers[0]?.content !== text) note("seen is stored", `${generation}: ${JSON.stringify(answers[0]?.content)} was seen by ${name} as ${JSON.stringify(text)}`);
      if (end && end.textLength !== [...text].length) note("an end says how much", `${generation}: ${name} has ${[...text].length} of ${end.textLength}`);
    }
  }
}

/** The text of an answer, and its end. @param {import("./recording.js").StreamEntry[]} entries */
function whole(entries) {
  const byId = new Map(entries.map(({ event }) => [event.eventId, event]));
  const events = [...byId.values()].sort((a, b) => a.eventId - b.eventId);
  const text = events.reduce((all, { text = "", anew }) => (anew ? text : all + text), "");
  return { text, end: events.find(isEnd) };
}

/** @param {{ kind: string }} event */
const isEnd = ({ kind }) => kind === "done" || kind === "failed";

/** The whole numbers between two. @param {number} low @param {number} high */
const between = (low, high) => Array.from({ length: Math.max(0, high - low - 1) }, (_, n) => low + 1 + n);

/** The values that are there more than once. @template T @param {T[]} values */
function repeated(values) {
  const seen = new Set();
  return new Set(values.filter((value) => (seen.has(value) ? true : void seen.add(value))));
}
