// The server dies while an answer is written: what anyone saw is still there, and the answer ends.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { assertUnbroken, ended, eventsOf, fromLog, lastUnbroken, merged, textOf } from "../support/answer.js";
import { Provider } from "../support/provider.js";
import { Server } from "../support/server.js";
import { Live } from "../support/socket.js";
import { Stream } from "../support/sse.js";
import { until } from "../support/wait.js";

const ENDLESS = { tokens: 1_000_000, between: 15 };
const SOME_TEXT = 200;

const provider = await Provider.start({ after });
const server = await Server.start({ after }, { ...provider.settings, COLLABRY_DEFAULT_MODEL: "ollama/scripted" });

async function opened(t) {
  const ada = await server.account("Ada");
  const conversation = await ada.conversation(await ada.notebook());
  const live = await Live.connect(t, ada);
  await live.join(conversation);
  return { ada, conversation, live };
}

/** Waits until a socket has seen some of the answer. */
async function someText(live, generation) {
  await live.next("generation:delta", () => textOf(eventsOf(live, generation)).length > SOME_TEXT);
}

/** What a client does when its connection is back: joins from its last rev, and asks for what it missed since `from`. */
async function comeBack(live, conversation, generation, from) {
  // What comes by itself once it has joined may lie beyond a gap.
  const lastEventId = lastUnbroken(eventsOf(live, generation, from));
  await live.next("connect", undefined, from);
  const joined = await live.join(conversation, 1);
  const { events } = await live.ok("generation:resume", { generationId: generation, lastEventId });
  return { joined, events: fromLog(events) };
}

for (let round = 1; round <= 3; round += 1) {
  test(`kill -9 in the middle of an answer (${round})`, async (t) => {
    const { ada, conversation, live } = await opened(t);
    await provider.script(ENDLESS);
    const question = await live.send(conversation, "Tell me everything.");
    const generation = question.generationId;
    const stream = new Stream(t, ada, generation);
    await someText(live, generation);

    await server.kill();
    const from = live.received.length;
    const seen = eventsOf(live, generation);
    const streamed = [...stream.events];
    await server.run();

    const { joined, events } = await comeBack(live, conversation, generation, from);
    const answers = (message) => message.replyTo === question.id;
    const answer =
      joined.messages.find(answers) ?? (await live.next("message:new", ({ message }) => answers(message), from)).message;

    assertUnbroken(merged([...seen, ...events, ...eventsOf(live, generation)]));
    assert.equal(answer.status, "interrupted");
    assert.ok(answer.content.startsWith(textOf(seen)), "what was seen is what is kept");

    const wholeStream = await stream.whole();
    assert.deepEqual(wholeStream.slice(0, streamed.length), streamed);
    assertUnbroken(wholeStream);
    assert.equal(textOf(wholeStream), answer.content, "the event stream came back by itself, without gap or repetition");

    const log = fromLog((await live.ok("generation:resume", { generationId: generation, lastEventId: 0 })).events);
    assertUnbroken(log);
    assert.equal(textOf(log), answer.content);
    assert.deepEqual([log.at(-1).kind, log.at(-1).state], ["done", "interrupted"]);
    assert.deepEqual(log.slice(0, seen.length).map((event) => [event.eventId, event.text]), seen.map((event) => [event.eventId, event.text]));

    await provider.script({ text: "All of it, this time." });
    const again = await live.ok("message:regenerate", { conversationId: conversation, messageId: answer.id });
    const { message: better } = await live.next("message:new", ({ message }) => message.id === again.answerId);
    assert.deepEqual([better.content, better.status], ["All of it, this time.", "complete"]);
  });
}

test("kill -9 before the first token: the answer is begun again", async (t) => {
  const { ada, conversation, live } = await opened(t);
  await provider.script({ tokens: 5, first: 3_600_000 }, { text: "Here you are." });
  const before = (await provider.chats()).length;
  const question = await live.send(conversation, "Tell me everything.");
  await live.next("generation:started", ({ generationId }) => generationId === question.generationId);
  await until("the model is asked", async () => (await provider.chats()).length > before);
  await server.kill();
  const from = live.received.length;
  await server.run();
  const { events } = await comeBack(live, conversation, question.generationId, from);
  const answer = await ada.answer(conversation, question.id);
  assert.deepEqual([answer.content, answer.status], ["Here you are.", "complete"]);
  // It may have been over before the client was back: then the end is among what it asked for.
  if (!events.some((event) => event.kind === "done")) await ended(live, question.generationId);
  const all = merged([...events, ...eventsOf(live, question.generationId)]);
  assertUnbroken(all);
  assert.deepEqual([textOf(all), all.at(-1).kind], [answer.content, "done"]);
});

test("kill -9 right after the acknowledgement: the question is there and gets its answer", async (t) => {
  const { ada, conversation, live } = await opened(t);
  await provider.script({ text: "Promised." }, { text: "Promised." });
  const question = await live.send(conversation, "Will you?");
  await server.kill();
  await server.run();
  assert.deepEqual((await ada.messages(conversation))[0], question);
  const answer = await ada.answer(conversation, question.id);
  assert.ok(["complete", "interrupted"].includes(answer.status));
  assert.ok("Promised.".startsWith(answer.content) && answer.content !== "");
});

test("a stop that was promised is kept across a crash", async (t) => {
  const { ada, conversation, live } = await opened(t);
  await provider.script(ENDLESS);
  const question = await live.send(conversation, "Tell me everything.");
  await someText(live, question.generationId);
  await live.ok("generation:stop", { generationId: question.generationId });
  await server.kill();
  await server.run();
  const answer = await ada.answer(conversation, question.id);
  assert.ok(["stopped", "interrupted"].includes(answer.status), answer.status);
  assert.ok(answer.content.startsWith(textOf(eventsOf(live, question.generationId))));
});
