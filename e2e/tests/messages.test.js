// What members do with messages: edit, delete, ask again, repeat a send, type, read.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { assertUnbroken, ended, eventsOf, textOf } from "../support/answer.js";
import { Provider } from "../support/provider.js";
import { Server } from "../support/server.js";
import { Live } from "../support/socket.js";

const MODEL = "ollama/scripted";

const provider = await Provider.start({ after });
const server = await Server.start({ after }, { ...provider.settings, COLLABRY_DEFAULT_MODEL: MODEL });

/** Two members with a conversation open. */
async function room(t) {
  const [ada, bob] = [await server.account("Ada"), await server.account("Bob")];
  const notebook = await ada.notebook();
  await ada.invite(notebook, bob, "viewer");
  const conversation = await ada.conversation(notebook);
  const [adas, bobs] = [await Live.connect(t, ada), await Live.connect(t, bob)];
  const joined = await adas.join(conversation);
  await bobs.join(conversation);
  return { ada, bob, adas, bobs, notebook, conversation, joined };
}

test("joining says all that there is", async (t) => {
  const { ada, adas, bobs, conversation, joined } = await room(t);
  assert.deepEqual(Object.keys(joined).sort(), [
    "complete", "conversation", "generations", "messages", "ok", "present", "readMarks",
  ]);
  assert.deepEqual([joined.messages, joined.generations, joined.complete], [[], [], true]);
  assert.equal(joined.conversation.id, conversation);

  const first = await adas.send(conversation, "First", { ask: false });
  const second = await adas.send(conversation, "Second", { ask: false });
  await adas.ok("message:edit", { conversationId: conversation, messageId: first.id, content: "First, corrected" });
  const again = await bobs.join(conversation);
  assert.deepEqual(again.messages.map((message) => message.content), ["First, corrected", "Second"]);
  const missed = await bobs.join(conversation, second.rev);
  assert.deepEqual(missed.messages.map((message) => [message.id, message.rev]), [[first.id, 3]]);
  assert.ok(again.present.includes(ada.id));
});

test("a repeated send is stored once and acknowledged alike", async (t) => {
  const { ada, adas, bobs, conversation } = await room(t);
  const payload = { conversationId: conversation, clientId: "one", content: "Only once", ask: false };
  const acks = await Promise.all([1, 2, 3].map(() => adas.ok("message:send", payload)));
  assert.deepEqual(acks.map((ack) => ack.message), Array(3).fill(acks[0].message));
  assert.equal((await ada.messages(conversation)).length, 1);
  const stolen = await bobs.call("message:send", payload);
  assert.equal(stolen.error.code, "client_id_taken");
});

test("edits and deletions are seen by the others, and only one's own can be edited", async (t) => {
  const { adas, bobs, conversation } = await room(t);
  const message = await adas.send(conversation, "Teh cell", { ask: false });
  const target = { conversationId: conversation, messageId: message.id };

  const refused = await bobs.call("message:edit", { ...target, content: "Mine now" });
  assert.deepEqual([refused.ok, refused.error.code], [false, "message_not_yours"]);
  assert.equal((await bobs.call("message:delete", target)).error.code, "message_not_yours");

  const edited = await adas.ok("message:edit", { ...target, content: "The cell" });
  assert.deepEqual([edited.message.content, edited.message.rev], ["The cell", 2]);
  assert.notEqual(edited.message.editedAt, null);
  assert.deepEqual((await bobs.next("message:edited")).message, edited.message);

  const deleted = await adas.ok("message:delete", target);
  assert.deepEqual([deleted.message.content, deleted.message.rev], ["", 3]);
  assert.notEqual(deleted.message.deletedAt, null);
  assert.deepEqual((await bobs.next("message:deleted")).message, deleted.message);
  assert.equal((await adas.call("message:edit", { ...target, content: "Back" })).error.code, "not_found");
});

test("a complete new answer replaces the old one", async (t) => {
  const { ada, adas, bobs, conversation } = await room(t);
  await provider.script({ text: "A first try." }, { text: "A second, better try." });
  const question = await adas.send(conversation, "What is a cell?");
  const { message: old } = await adas.next("message:new", ({ message }) => message.replyTo === question.id);
  assert.equal(old.content, "A first try.");

  const again = await adas.ok("message:regenerate", { conversationId: conversation, messageId: old.id });
  await ended(bobs, again.generationId);
  const events = eventsOf(bobs, again.generationId);
  assertUnbroken(events);
  assert.equal(events[0].answerId, again.answerId);
  assert.equal(textOf(events), "A second, better try.");
  const { message: replaced } = await bobs.next("message:edited", ({ message }) => message.id === old.id);
  assert.deepEqual([replaced.content, replaced.supersededBy], ["A first try.", again.answerId]);
  const standing = (await ada.messages(conversation)).filter((message) => message.supersededBy === null);
  assert.deepEqual(standing.map((message) => message.id), [question.id, again.answerId]);
});

test("a new answer that fails leaves the old one", async (t) => {
  const { ada, adas, conversation } = await room(t);
  await provider.script({ text: "A good answer." }, { status: 401, body: "{}" });
  const question = await adas.send(conversation, "What is a cell?");
  const { message: old } = await adas.next("message:new", ({ message }) => message.replyTo === question.id);
  const again = await adas.ok("message:regenerate", { conversationId: conversation, messageId: question.id });
  assert.equal((await ended(adas, again.generationId)).failure.code, "provider_refused");
  const kept = (await ada.messages(conversation)).find((message) => message.id === old.id);
  assert.deepEqual([kept.content, kept.deletedAt], ["A good answer.", null]);
});

test("typing is shown until it stops, also when the tab closes", async (t) => {
  const { bob, adas, bobs, conversation } = await room(t);
  const bobTypes = { conversationId: conversation, userId: bob.id, name: "Bob" };
  await bobs.ok("typing:start", { conversationId: conversation });
  assert.deepEqual(await adas.next("user:typing"), bobTypes);
  await bobs.ok("typing:stop", { conversationId: conversation });
  assert.deepEqual(await adas.next("user:stopped-typing"), bobTypes);

  const from = adas.received.length;
  await bobs.ok("typing:start", { conversationId: conversation });
  await adas.next("user:typing", undefined, from);
  bobs.socket.disconnect();
  assert.deepEqual(await adas.next("user:stopped-typing", undefined, from), bobTypes);
});

test("read marks go up, are received, and are there for who comes later", async (t) => {
  const { ada, bob, adas, bobs, conversation } = await room(t);
  await adas.send(conversation, "One", { ask: false });
  const two = await adas.send(conversation, "Two", { ask: false });
  await bobs.ok("messages:read", { conversationId: conversation, rev: two.rev });
  const mark = { userId: bob.id, rev: two.rev };
  assert.deepEqual(await adas.next("messages:read"), { conversationId: conversation, mark });
  await bobs.ok("messages:read", { conversationId: conversation, rev: 1 });
  await bobs.ok("messages:read", { conversationId: conversation, rev: 1_000_000 });
  const later = await Live.connect(t, ada);
  assert.deepEqual((await later.join(conversation)).readMarks, [mark], "neither back nor beyond the end");
});

test("whoever has not joined hears that something was said, not what", async (t) => {
  const { bob, adas, bobs, notebook, conversation } = await room(t);
  await bobs.ok("conversation:leave", { conversationId: conversation });
  const elsewhere = await bob.conversation(notebook);
  await bobs.join(elsewhere);
  await provider.script({ text: "Nobody is." });
  const question = await adas.send(conversation, "Is anybody out there?");
  const { message: answer } = await adas.next("message:new", ({ message }) => message.replyTo === question.id);
  for (const { rev: head, createdAt: lastMessageAt } of [question, answer]) {
    const activity = await bobs.next("conversation:activity", (payload) => payload.head === head);
    assert.deepEqual(activity, { notebookId: notebook, conversationId: conversation, head, lastMessageAt });
  }
  await adas.join(elsewhere);
  await adas.settle(elsewhere, [adas, bobs]);
  assert.deepEqual(bobs.all("message:new").map(({ message }) => message.conversationId), [elsewhere]);
  assert.deepEqual(adas.all("conversation:activity"), [], "who has it open hears the message itself");
});

test("whoever leaves a conversation hears it no more", async (t) => {
  const { adas, bobs, conversation } = await room(t);
  await bobs.ok("conversation:leave", { conversationId: conversation });
  await adas.send(conversation, "Between us", { ask: false });
  await bobs.join(conversation);
  await adas.settle(conversation, [bobs]);
  assert.deepEqual(bobs.all("message:new").map(({ message }) => message.content), ["Are you there?"]);
});
