// The checker finds what it is there for: recordings of a sound run, doctored in one place.

import assert from "node:assert/strict";
import { test } from "node:test";

import { assertConsistent, check } from "../cluster/checker.js";
import { Recording } from "../cluster/recording.js";

const CONVERSATION = "c1";
const GENERATION = "g1";

function message(rev, more = {}) {
  const author = { kind: "user", userId: "u1", name: "Ada" };
  return { id: `m${rev}`, conversationId: CONVERSATION, clientId: `k${rev}`, position: rev, rev, author, content: `Said ${rev}`, generationId: null, ...more };
}

const EVENTS = [
  { kind: "started", eventId: 1 },
  { kind: "delta", eventId: 2, text: "Because " },
  { kind: "delta", eventId: 3, text: "so." },
  { kind: "done", eventId: 4, state: "done", textLength: 11 },
];

/** Two readers of five messages, one with a broken connection; the fourth was corrected later; the last is an answer. */
function sound() {
  const recording = new Recording();
  const author = { kind: "assistant", model: "m" };
  const corrected = message(4, { rev: 6, content: "Corrected" });
  const answer = message(5, { author, clientId: "answer", generationId: GENERATION, content: "Because so." });
  const all = [message(1), message(2), message(3), message(4), answer, corrected];
  recording.acked = [message(1), message(2), message(3), message(4), corrected].map((each) => ({ ...each }));
  recording.sent = new Set(["k1", "k2", "k3", "k4"]);
  const live = (connection, message) => ({ connection, how: "live", message: { ...message } });
  const joined = (connection, message) => ({ connection, how: "joined", message: { ...message } });

  recording.reader("steady", CONVERSATION).entries.push({ connection: 1, how: "caught up" }, ...all.map((each) => live(1, each)));
  recording.reader("broken", CONVERSATION).entries.push(
    { connection: 1, how: "caught up" }, live(1, all[0]), live(1, all[1]),
    // On its way while the client asked, and in the answer as well.
    live(2, all[3]), joined(2, all[2]), joined(2, all[3]), { connection: 2, how: "caught up" }, live(2, all[4]), live(2, all[5]),
  );
  recording.watcher("stream", GENERATION, "sse").entries.push(...EVENTS.map((event, n) => ({ connection: n < 2 ? 1 : 2, how: "live", event: { ...event } })));
  recording.watcher("socket", GENERATION, "socket").entries.push(
    { connection: 1, how: "live", event: { ...EVENTS[0] } },
    ...EVENTS.slice(1, 3).map((event) => ({ connection: 2, how: "asked", event: { ...event } })),
    { connection: 2, how: "live", event: { ...EVENTS[2] } }, { connection: 2, how: "live", event: { ...EVENTS[3] } },
  );
  const stored = { messages: { [CONVERSATION]: [message(1), message(2), message(3), corrected, answer].map((each) => ({ ...each })) } };
  const [steady, broken] = recording.readers;
  const [stream, socket] = recording.watchers;
  return { recording, stored, log: stored.messages[CONVERSATION], steady, broken, stream, socket };
}

test("a sound run has no violation", () => {
  const { recording, stored } = sound();
  assert.deepEqual(check(recording, stored), []);
  assertConsistent(recording, stored);
});

/** What goes wrong, which rule must see it, and how it is made to go wrong. @type {[string, string, (run: ReturnType<typeof sound>) => void][]} */
const DOCTORED = [
  ["an acknowledged message is gone", "acked is stored", ({ log }) => log.splice(1, 1)],
  ["an acknowledged message is stored with other text", "acked is stored", ({ log }) => (log[0].content = "Other")],
  ["an acknowledged correction is lost", "acked is stored", ({ log }) => Object.assign(log[3], { rev: 4, content: "Said 4" })],
  ["a repeated send is acknowledged differently", "acked alike", ({ recording }) => recording.acked.push(message(1, { createdAt: "later" }))],
  ["a repeated send is stored again", "stored once", ({ log }) => log.push(message(7, { clientId: "k1" }))],
  ["two messages share a place", "stored once", ({ log }) => (log[1].position = 1)],
  ["a rev was left out", "no holes", ({ log }) => log.push(message(8))],
  ["a message that nobody sent", "only what was sent", ({ recording }) => recording.sent.delete("k2")],
  ["an event reaches a socket twice", "delivered once", ({ steady }) => steady.entries.push({ ...steady.entries[2] })],
  ["events overtake each other", "delivered in order", ({ steady }) => steady.entries.splice(1, 2, steady.entries[2], steady.entries[1])],
  ["an event is left out and comes never", "no gap", ({ steady }) => steady.entries.splice(3, 1)],
  ["the answer to a rejoin lacks a message", "everyone has all", ({ broken }) => broken.entries.splice(broken.entries.findIndex(({ how }) => how === "joined"), 2)],
  ["a client lacks the last message", "everyone has all", ({ steady }) => steady.entries.pop()],
  ["a client was told other text", "everyone has the same", ({ steady }) => (steady.entries[1].message.content = "Other")],
  ["a client was told of what is not stored", "nothing made up", ({ steady }) => steady.entries.push({ connection: 1, how: "live", message: message(7) })],
  ["an event stream repeats itself", "no event twice", ({ stream }) => stream.entries.splice(2, 0, stream.entries[1])],
  ["an event stream goes on behind a gap", "no event missing", ({ stream }) => stream.entries.splice(2, 1)],
  ["an answer never ends", "one end", ({ stream }) => stream.entries.pop()],
  ["an answer ends twice", "one end", ({ socket }) => socket.entries.push({ connection: 2, how: "live", event: { kind: "failed", eventId: 5 } })],
  ["a socket gets an event twice", "no event twice", ({ socket }) => socket.entries.push(socket.entries[3])],
  ["a socket gets events out of order", "events in order", ({ socket }) => socket.entries.splice(3, 2, socket.entries[4], socket.entries[3])],
  ["a socket never got an event", "no event missing", ({ socket }) => socket.entries.splice(1, 1)],
  ["an event differs when it is asked for again", "events are alike", ({ socket }) => (socket.entries[3].event.text = "else")],
  ["two clients saw different answers", "all saw the same", ({ socket }) => socket.entries.forEach(({ event }) => event.eventId === 3 && (event.text = "else"))],
  ["an answer is stored otherwise than it was seen", "seen is stored", ({ recording, log }) => {
    log[4].content = "Otherwise";
    for (const { entries } of recording.readers) for (const { message } of entries) if (message?.id === "m5") message.content = "Otherwise";
  }],
  ["a stream ends before the rest of the text", "seen is stored", ({ stream }) => {
    stream.entries.splice(2, 1);
    stream.entries[2].event.eventId = 3;
  }],
  ["everyone lacks the same text", "seen is stored", ({ stream, socket }) => {
    for (const { entries } of [stream, socket]) for (const { event } of entries) if (event.eventId === 3) event.text = "s";
  }],
  ["a failed answer lacks text", "seen is stored", ({ stream, socket }) => {
    for (const { entries } of [stream, socket]) for (const { event } of entries) {
      if (event.eventId === 3) event.text = "";
      if (event.eventId === 4) event.kind = "failed";
    }
  }],
  ["an end is told of more than came", "an end says how much", ({ stream }) => (stream.entries[3].event.textLength = 80)],
  ["a question is answered twice", "one answer", ({ log }) => log.push(message(7, { author: log[4].author, generationId: GENERATION, clientId: "again" }))],
];

for (const [what, rule, doctor] of DOCTORED) {
  test(`seen: ${what}`, () => {
    const run = sound();
    doctor(run);
    const rules = check(run.recording, run.stored).map((violation) => violation.rule);
    assert.ok(rules.includes(rule), `${rule} is not among ${[...new Set(rules)]}`);
    assert.throws(() => assertConsistent(run.recording, run.stored), new RegExp(rule));
  });
}
