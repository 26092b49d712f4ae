// Language models that are slow, busy, broken or away, seen from the outside of the whole server.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { assertUnbroken, ended, eventsOf, textOf } from "../support/answer.js";
import { Provider } from "../support/provider.js";
import { Server } from "../support/server.js";
import { Live } from "../support/socket.js";
import { Stream } from "../support/sse.js";
import { until } from "../support/wait.js";

const provider = await Provider.start({ after });
const server = await Server.start({ after }, {
  ...provider.settings,
  COLLABRY_OPENAI_API_KEY: "sk-of-the-tests",
  COLLABRY_ANTHROPIC_URL: `${provider.url}/anthropic/v1`,
  COLLABRY_ANTHROPIC_API_KEY: "sk-of-the-tests-too",
  COLLABRY_PROVIDER_FIRST_TOKEN_SECS: "2",
  COLLABRY_PROVIDER_BETWEEN_TOKENS_SECS: "2",
});
const ada = await server.account("Ada");
const conversation = await ada.conversation(await ada.notebook());

/** Asks one question and returns what the clients see of its answer. */
async function ask(t, model, ...replies) {
  const live = await Live.connect(t, ada);
  await live.join(conversation);
  await provider.script(...replies);
  const before = (await provider.chats()).length;
  const question = await live.send(conversation, "What now?", { model });
  const end = await ended(live, question.generationId);
  const answer = await ada.answer(conversation, question.id);
  const events = eventsOf(live, question.generationId);
  assertUnbroken(events);
  assert.equal(textOf(events), answer.content);
  assert.deepEqual(answer.author, { kind: "assistant", model });
  if (end.failure) {
    assert.deepEqual(answer.failure, end.failure, "the message says what the stream said");
    assert.equal(answer.status, "failed");
    assert.doesNotMatch(answer.failure.message, /127\.0\.0\.1|sk-of/, "no addresses, no keys");
    assert.match(answer.failure.message, /^[A-Z].*\.$/, "a sentence");
  }
  return { answer, asked: (await provider.chats()).slice(before) };
}

/** How each is told whose request it is. */
const FLAVOURS = { ollama: null, openai: "Bearer sk-of-the-tests", anthropic: "x-api-key sk-of-the-tests-too" };

for (const [flavour, authorization] of Object.entries(FLAVOURS)) {
  const model = `${flavour}/scripted`;

  test(`${flavour}: an answer, whatever pieces it comes in`, async (t) => {
    const text = "Ünïcode 🌿 in pieces [7], and a tail.";
    const { answer, asked } = await ask(t, model, { text, cut: 3, noise: true });
    assert.deepEqual([answer.content, answer.status, answer.failure], [text, "complete", null]);
    assert.equal(asked.length, 1);
    assert.equal(asked[0].body.stream, true);
    assert.equal(asked[0].authorization, authorization);
  });

  test(`${flavour}: a slow first token is waited for`, async (t) => {
    const { answer } = await ask(t, model, { text: "At last.", first: 1_000 });
    assert.deepEqual([answer.content, answer.status], ["At last.", "complete"]);
  });

  test(`${flavour}: one that is too slow is given up`, async (t) => {
    const { answer } = await ask(t, model, ...Array(4).fill({ text: "Too late.", first: 60_000 }));
    assert.deepEqual([answer.content, answer.failure.code, answer.failure.retryable], ["", "provider_timeout", true]);
  });

  test(`${flavour}: one that goes silent in the middle is given up, and its text kept`, async (t) => {
    const { answer } = await ask(t, model, { text: "So far so good", end: "hang", after: 3 });
    assert.deepEqual([answer.content, answer.failure.code], ["So far so ", "provider_timeout"]);
  });

  test(`${flavour}: one that is asked too often is asked again before its first token`, async (t) => {
    const busy = { status: 429, retryAfter: "1", body: '{"error":"slow down"}' };
    const { answer, asked } = await ask(t, model, busy, { text: "Now." });
    assert.deepEqual([answer.content, answer.status, asked.length], ["Now.", "complete", 2]);
  });

  test(`${flavour}: one that stays busy fails with a code`, async (t) => {
    const { answer, asked } = await ask(t, model, { status: 429, retryAfter: "3600", body: "{}" });
    assert.deepEqual([answer.failure.code, answer.failure.retryable], ["provider_rate_limited", true]);
    assert.equal(asked.length, 1, "it asked for a pause that nobody waits for");
  });

  test(`${flavour}: a connection that breaks in the middle keeps the text and says so`, async (t) => {
    const { answer, asked } = await ask(t, model, { tokens: 20, between: 10, end: "abort", after: 5 });
    assert.equal(answer.content, "w1 w2 w3 w4 w5 ");
    assert.deepEqual([answer.failure.code, answer.failure.retryable], ["provider_cut_off", true]);
    assert.doesNotMatch(answer.failure.message, / The /, "a label inside a sentence");
    assert.equal(asked.length, 1, "what has begun to speak is not asked again");
  });

  test(`${flavour}: a body that ends without saying so is an answer, perhaps not all of it`, async (t) => {
    const { answer, asked } = await ask(t, model, { tokens: 20, between: 10, end: "eof", after: 5 });
    assert.equal(answer.content, "w1 w2 w3 w4 w5 ");
    assert.deepEqual([answer.status, answer.failure, answer.cutOff], ["complete", null, "unknown"]);
    assert.equal(asked.length, 1);
  });

  test(`${flavour}: an error in the stream keeps the text and says so`, async (t) => {
    const { answer } = await ask(t, model, { tokens: 9, end: "error", after: 2 });
    assert.deepEqual([answer.content, answer.failure.code], ["w1 w2 ", "provider_error"]);
    assert.doesNotMatch(answer.failure.message, /runner/, "not in the provider's words");
  });

  test(`${flavour}: a model that is not there`, async (t) => {
    const { answer, asked } = await ask(t, `${flavour}/nobody:knows`);
    assert.deepEqual([answer.failure.code, answer.failure.retryable], ["model_not_found", false]);
    assert.equal(asked.length, 1);
  });
}

test("a provider that nobody configured", async (t) => {
  const { answer, asked } = await ask(t, "elsewhere/large");
  assert.deepEqual([answer.failure.code, asked.length], ["model_not_found", 0]);
});

test("an answer that fails can be asked for again", async (t) => {
  const { answer } = await ask(t, "openai/scripted", { status: 400, body: "{}" });
  assert.equal(answer.status, "failed");
  const live = await Live.connect(t, ada);
  await live.join(conversation);
  await provider.script({ text: "Better now." });
  const again = await live.ok("message:regenerate", {
    conversationId: conversation, messageId: answer.id, model: "ollama/scripted",
  });
  await ended(live, again.generationId);
  const better = (await ada.messages(conversation)).find((message) => message.id === again.answerId);
  assert.deepEqual([better.content, better.author.model], ["Better now.", "ollama/scripted"]);
});

test("the list of models says who is well, and a provider that is down fails with a code", async (t) => {
  const healthy = await models();
  assert.equal(healthy.defaultModel, "builtin/extractive");
  for (const flavour of Object.keys(FLAVOURS)) {
    assert.equal(healthy.of[flavour].healthy, true);
    assert.ok(healthy.of[flavour].models.some((model) => model.id === `${flavour}/scripted`));
  }
  assert.ok(healthy.of.ollama.models.every((model) => !model.id.includes("minilm")), "embedding models answer nothing");

  await provider.end();
  const ill = await until("all providers are seen to be down", async () => {
    const list = await models();
    return Object.keys(FLAVOURS).every((flavour) => !list.of[flavour].healthy) && list;
  });
  assert.match(ill.of.ollama.problem, /cannot be reached/);
  assert.deepEqual(ill.of.ollama.models, []);
  assert.equal(ill.of.builtin.healthy, true);

  const live = await Live.connect(t, ada);
  await live.join(conversation);
  const question = await live.send(conversation, "Anyone?", { model: "ollama/scripted" });
  const { failure } = await ended(live, question.generationId);
  assert.deepEqual([failure.code, failure.retryable], ["provider_unreachable", true]);

  await provider.run();
  await until("all providers are seen to be back", async () => {
    const list = await models();
    return Object.keys(FLAVOURS).every((flavour) => list.of[flavour].healthy);
  });
});

async function models() {
  const list = await ada.get("/api/models");
  return { ...list, of: Object.fromEntries(list.providers.map((status) => [status.provider, status])) };
}

/** An answer of OpenAI's protocol in such pieces of text. @param {string[]} pieces */
const chunks = (...pieces) =>
  pieces.map((content) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`).join("");
const finish = (reason) => `data: ${JSON.stringify({ choices: [{ delta: {}, finish_reason: reason }] })}\n\n`;

test("that a model thinks is told on every wire, what it thinks on none", async (t) => {
  const live = await Live.connect(t, ada);
  await live.join(conversation);
  await provider.script({ raw: chunks("<think>", "secret [2]"), rest: chunks("</think>", "It is 42.") + finish("stop") });
  const question = await live.send(conversation, "What is it?", { model: "openai/scripted" });
  await live.next("generation:delta", (event) => event.generationId === question.generationId && event.thinking === true);
  await provider.go();
  await ended(live, question.generationId);
  const answer = await ada.answer(conversation, question.id);
  assert.deepEqual([answer.content, answer.cutOff], ["It is 42.", null]);
  const received = eventsOf(live, question.generationId);
  assert.equal(textOf(received), "It is 42.");
  const streamed = await new Stream(t, ada, question.generationId).whole();
  assert.deepEqual(streamed.filter((event) => event.thinking).map((event) => event.text), [""]);
  assert.equal(textOf(streamed), "It is 42.");
  assert.doesNotMatch(JSON.stringify([received, streamed]), /secret/);
});

test("a thought that nothing opened is taken back, and the model's next answers are held", async (t) => {
  const live = await Live.connect(t, ada);
  await live.join(conversation);
  const asked = async (gated) => {
    const rest = chunks("</think>", "It is 42.") + finish("stop");
    await provider.script({ raw: chunks("secret [2]"), rest });
    const question = await live.send(conversation, "What is it?", { model: "openai/thinks-first" });
    await live.next("generation:delta", (event) => event.generationId === question.generationId && gated(event));
    await provider.go();
    await ended(live, question.generationId);
    assert.equal((await ada.answer(conversation, question.id)).content, "It is 42.");
    const received = eventsOf(live, question.generationId);
    assert.equal(textOf(received), "It is 42.");
    return received;
  };
  const first = await asked((event) => event.text !== "");
  assert.ok(first.some((event) => event.anew), "the text starts over");
  const second = await asked((event) => event.thinking === true);
  assert.doesNotMatch(JSON.stringify(second), /secret/);
});

test("an answer that was cut off says why, in its message and at its end", async (t) => {
  const live = await Live.connect(t, ada);
  await live.join(conversation);
  for (const [reason, why] of [["length", "length"], ["content_filter", "filter"]]) {
    await provider.script({ raw: chunks("It is") + finish(reason) });
    const question = await live.send(conversation, "What is it?", { model: "openai/scripted" });
    const end = await ended(live, question.generationId);
    const answer = await ada.answer(conversation, question.id);
    assert.deepEqual([answer.content, answer.status, answer.cutOff, end.cutOff], ["It is", "complete", why, why]);
  }
});
