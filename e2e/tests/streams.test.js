// Answers over server-sent events: the same log as over a socket, from any event on.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { assertUnbroken, ended, eventsOf, fromLog, merged, textOf } from "../support/answer.js";
import { Provider } from "../support/provider.js";
import { Server } from "../support/server.js";
import { Live } from "../support/socket.js";
import { Stream } from "../support/sse.js";

const provider = await Provider.start({ after });
const server = await Server.start({ after }, { ...provider.settings, COLLABRY_DEFAULT_MODEL: "openai/scripted" });

/** A question whose answer is written slowly, with a socket that watches. */
async function slowAnswer(t, reply = {}) {
  const ada = await server.account("Ada");
  const conversation = await ada.conversation(await ada.notebook());
  const live = await Live.connect(t, ada);
  await live.join(conversation);
  await provider.script({ tokens: 60, between: 15, ...reply });
  const question = await live.send(conversation, "Tell me everything.");
  return { ada, conversation, live, question, generation: question.generationId };
}

test("two clients watch the same answer, one by an event stream and one by a socket", async (t) => {
  const { ada, conversation, live, question, generation } = await slowAnswer(t);
  const streams = [new Stream(t, ada, generation), new Stream(t, ada, generation)];
  const [one, two] = await Promise.all(streams.map((stream) => stream.whole()));
  await ended(live, generation);
  assertUnbroken(one);
  assert.deepEqual(one, two);
  assert.ok(one.every((event) => event.lastEventId === String(event.eventId)), "SSE ids are the event ids");
  assert.ok(one.filter((event) => event.kind === "delta").length > 1, "the text came in parts");
  const received = eventsOf(live, generation);
  assert.deepEqual(received.map((event) => [event.eventId, event.text]), one.map((event) => [event.eventId, event.text]));
  assert.equal((await ada.answer(conversation, question.id)).content, textOf(one));
  assert.equal(textOf(one).trim().split(/\s+/).length, 60);
});

test("a stream begins after any event, while the answer is written and when it is over", async (t) => {
  const { ada, live, generation } = await slowAnswer(t);
  const early = await live.next("generation:delta", (payload) => payload.generationId === generation);
  const while_ = new Stream(t, ada, generation, `?after=${early.eventId}`);
  assertUnbroken(await while_.whole(), early.eventId + 1);
  const all = await new Stream(t, ada, generation).whole();
  for (const after of all.slice(0, -1).map((event) => event.eventId)) {
    const rest = await new Stream(t, ada, generation, `?after=${after}`).whole();
    assert.deepEqual(rest, all.slice(after), `after ${after}`);
    const { events } = await live.ok("generation:resume", { generationId: generation, lastEventId: after });
    assert.deepEqual(
      fromLog(events).map((event) => [event.kind, event.eventId, event.text]),
      rest.map((event) => [event.kind, event.eventId, event.text]),
    );
  }
});

test("who joins in the middle is told of the answer, fetches what was, and hears the rest", async (t) => {
  const { ada, conversation, live, question, generation } = await slowAnswer(t);
  await live.next("generation:delta", (payload) => payload.generationId === generation);
  const late = await Live.connect(t, ada);
  const { generations } = await late.join(conversation);
  assert.equal(generations.length, 1);
  const { lastEventId, answerId, ...making } = generations[0];
  assert.deepEqual(making, {
    generationId: generation, questionId: question.id, model: "openai/scripted", state: "running",
  });
  assert.ok(lastEventId > 0);
  const { events } = await late.ok("generation:resume", { generationId: generation, lastEventId: 0 });
  await ended(late, generation);
  const all = merged([...fromLog(events), ...eventsOf(late, generation)]);
  assertUnbroken(all);
  const answer = await ada.answer(conversation, question.id);
  assert.deepEqual([answer.id, answer.content], [answerId, textOf(all)]);
  assert.deepEqual((await late.join(conversation)).generations, []);
});

test("the header that browsers send goes before the query, and nonsense is refused", async (t) => {
  const { ada, generation, live } = await slowAnswer(t, { tokens: 3 });
  await ended(live, generation);
  const get = (headers) => fetch(`${server.url}/api/ai/generations/${generation}/events?after=0`, {
    headers: { authorization: `Bearer ${ada.token}`, ...headers },
  });
  const answer = await get({ "last-event-id": "1" });
  assert.match(answer.headers.get("content-type"), /^text\/event-stream/);
  assert.equal(answer.headers.get("cache-control"), "no-store, no-transform");
  assert.match(await answer.text(), /^id: 2$/m);
  const refused = await get({ "last-event-id": "seven" });
  assert.deepEqual([refused.status, (await refused.json()).code], [422, "event_id_invalid"]);
});

test("closing every stream stops nothing", async (t) => {
  const { ada, conversation, live, question, generation } = await slowAnswer(t);
  const stream = new Stream(t, ada, generation);
  await live.next("generation:delta", (payload) => payload.generationId === generation);
  stream.source.close();
  live.socket.disconnect();
  const answer = await ada.answer(conversation, question.id);
  assert.equal(answer.status, "complete");
  assert.equal(answer.content.trim().split(/\s+/).length, 60);
});

test("another client stops the answer, and the text so far is kept", async (t) => {
  const { ada, conversation, live, question, generation } = await slowAnswer(t, { tokens: 100_000 });
  const phone = await Live.connect(t, await ada.signInAgain());
  const stream = new Stream(t, ada, generation);
  await live.next("generation:delta", (payload) => payload.generationId === generation);
  assert.deepEqual(await phone.call("generation:stop", { generationId: generation }), { ok: true, stopped: true });

  const events = await stream.whole();
  assertUnbroken(events);
  assert.deepEqual([events.at(-1).kind, events.at(-1).state], ["done", "stopped"]);
  const answer = await ada.answer(conversation, question.id);
  assert.deepEqual([answer.status, answer.content], ["stopped", textOf(events)]);
  assert.notEqual(answer.content, "");
  assert.equal((await phone.ok("generation:stop", { generationId: generation })).stopped, false);
  assert.deepEqual(await ada.post(`/api/ai/generations/${generation}/stop`), { stopped: false });
});
