// An answer as a client puts it together from the events of its generation.

import assert from "node:assert/strict";

const KINDS = ["started", "citations", "delta", "done", "failed"];

/**
 * @typedef {{ kind: string, eventId: number, text?: string, thinking?: boolean, anew?: boolean, cutOff?: string, citations?: any[], state?: string, failure?: any,
 *   answerId?: string, questionId?: string }} AnswerEvent
 */

/**
 * What a socket received of a generation, in the order of arrival.
 * @param {import("./socket.js").Live} live
 * @param {string} generationId
 * @param {number} [to] what was received from this index on does not count
 * @returns {AnswerEvent[]}
 */
export function eventsOf(live, generationId, to) {
  return live.received
    .slice(0, to)
    .filter(({ name, payload }) => name.startsWith("generation:") && payload.generationId === generationId)
    .map(({ name, payload }) => ({ kind: name.slice("generation:".length), ...payload }));
}

/** The event up to which none is missing: where a client asks on from. @param {AnswerEvent[]} events */
export function lastUnbroken(events) {
  const ids = new Set(events.map(({ eventId }) => eventId));
  let last = 0;
  while (ids.has(last + 1)) last += 1;
  return last;
}

/** The end of a generation, received on a socket. @param {import("./socket.js").Live} live @param {string} generationId */
export function ended(live, generationId) {
  return live.next(["generation:done", "generation:failed"], (payload) => payload.generationId === generationId);
}

/**
 * Joins what came in several ways, dropping repetitions, which must not differ.
 * @param {AnswerEvent[]} events
 */
export function merged(events) {
  /** @type {Map<number, AnswerEvent>} */
  const byId = new Map();
  for (const event of events) {
    const known = byId.get(event.eventId);
    if (known) assert.equal(event.text, known.text, `event ${event.eventId} came again, and differs`);
    else byId.set(event.eventId, event);
  }
  return [...byId.values()].sort((a, b) => a.eventId - b.eventId);
}

/** The same shape for events that were read from the log. @param {any[]} logged @returns {AnswerEvent[]} */
export const fromLog = (logged) => logged.map((event) => ({ kind: event.type, ...event }));

/** @param {AnswerEvent[]} events */
export const textOf = (events) => events.reduce((all, { text = "", anew }) => (anew ? text : all + text), "");

/**
 * Checks that these are all events of an answer up to somewhere, in order and without a gap.
 * @param {AnswerEvent[]} events
 */
export function assertUnbroken(events, first = 1) {
  assert.deepEqual(
    events.map((event) => event.eventId),
    events.map((_, index) => first + index),
    "event ids count up by one",
  );
  for (const event of events) assert.ok(KINDS.includes(event.kind), event.kind);
  if (first === 1) assert.equal(events[0]?.kind, "started");
  const finals = events.filter((event) => event.kind === "done" || event.kind === "failed");
  assert.ok(finals.length <= 1, "at most one end");
  if (finals.length === 1) assert.equal(events.at(-1), finals[0], "nothing follows the end");
}
