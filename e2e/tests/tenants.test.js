// What belongs to a notebook stays in it.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { ended } from "../support/answer.js";
import { PHOTOSYNTHESIS } from "../support/documents.js";
import { Server } from "../support/server.js";
import { Live } from "../support/socket.js";

const server = await Server.start({ after });

/** Ada's notebook with a source, an answered question, and her socket. */
async function adasWork(t) {
  const ada = await server.account("Ada");
  const notebook = await ada.notebook();
  const conversation = await ada.conversation(notebook);
  const adas = await Live.connect(t, ada);
  await adas.join(conversation);
  return { ada, adas, notebook, conversation };
}

/** What a socket hears by itself, whoever it belongs to. */
const OWN = ["connect", "disconnect", "presence:update", "notification:new"];
const foreign = (live, notebook) =>
  live.received.filter(({ name, payload }) => !OWN.includes(name) || payload?.notebookId === notebook);

test("a stranger is told of nothing and hears nothing", async (t) => {
  const { ada, adas, notebook, conversation } = await adasWork(t);
  const eve = await server.account("Eve");
  const eves = await Live.connect(t, eve);
  const source = await ada.upload(notebook, "photosynthesis.md", PHOTOSYNTHESIS);
  await ada.ready(source.id);
  const question = await adas.send(conversation, "What absorbs light?");
  await ended(adas, question.generationId);
  const { message: answer } = await adas.next("message:new", ({ message }) => message.replyTo === question.id);

  const target = { conversationId: conversation };
  const message = { ...target, messageId: question.id };
  const generation = { generationId: question.generationId };
  for (const [event, payload] of /** @type {[string, object][]} */ ([
    ["conversation:join", target],
    ["conversation:join", { ...target, sinceRev: 0 }],
    ["message:send", { ...target, clientId: "eve", content: "Hello" }],
    ["message:edit", { ...message, content: "Mine" }],
    ["message:delete", message],
    ["message:regenerate", { ...target, messageId: answer.id }],
    ["generation:resume", { ...generation, lastEventId: 0 }],
    ["generation:stop", generation],
    ["typing:start", target],
    ["messages:read", { ...target, rev: 1 }],
  ])) {
    const ack = await eves.call(event, payload);
    assert.deepEqual([ack.ok, ack.error?.code], [false, "not_found"], event);
  }
  await eves.call("typing:stop", target);

  // Messages of one conversation cannot be reached through another.
  const own = await eve.conversation(await eve.notebook());
  const through = await eves.call("message:delete", { conversationId: own, messageId: question.id });
  assert.equal(through.error.code, "not_found");

  for (const path of [
    `/api/notebooks/${notebook}`,
    `/api/notebooks/${notebook}/members`,
    `/api/notebooks/${notebook}/sources`,
    `/api/notebooks/${notebook}/conversations`,
    `/api/conversations/${conversation}`,
    `/api/conversations/${conversation}/messages`,
    `/api/sources/${source.id}`,
    `/api/sources/${source.id}/versions/1/pages/1`,
    `/api/sources/${source.id}/versions/1/file`,
    `/api/ai/generations/${question.generationId}`,
    `/api/ai/generations/${question.generationId}/events`,
  ]) {
    await assert.rejects(eve.get(path), { status: 404, code: "not_found" }, path);
  }
  const borrowed = eve.post(`/api/notebooks/${own}/search`, { query: "light", sourceIds: [source.id] });
  await borrowed.then(({ hits }) => assert.deepEqual(hits, []), (problem) => assert.equal(problem.status, 404));

  await adas.settle(conversation, [adas]);
  assert.equal((await ada.messages(conversation)).find(({ id }) => id === question.id).content, question.content);
  assert.deepEqual(foreign(eves, notebook).filter(({ payload }) => JSON.stringify(payload).includes(notebook)), []);
  assert.deepEqual(eves.received.filter(({ name }) => name.startsWith("message:") || name.startsWith("generation:")), []);
});

test("a removed member hears nothing more and may do nothing more", async (t) => {
  const { ada, adas, notebook, conversation } = await adasWork(t);
  const bob = await server.account("Bob");
  const bobs = await Live.connect(t, bob);
  await ada.invite(notebook, bob);
  await bobs.join(conversation);
  await adas.settle(conversation, [bobs]);

  const before = bobs.received.length;
  await ada.delete(`/api/notebooks/${notebook}/members/${bob.id}`);
  // His sockets are told last of all, when they have left the rooms: it is the last thing that they hear.
  await bobs.next("notebook:members", () => true, before);
  const from = bobs.received.length;
  const question = await adas.send(conversation, "Is he gone?");
  await ended(adas, question.generationId);
  const source = await ada.upload(notebook, "secret.md", "# Plans\n\nNothing for Bob.");
  await ada.ready(source.id);
  await adas.ok("typing:start", { conversationId: conversation });

  assert.equal((await bobs.call("conversation:join", { conversationId: conversation })).error.code, "not_found");
  const resume = { generationId: question.generationId, lastEventId: 0 };
  assert.equal((await bobs.call("generation:resume", resume)).error.code, "not_found");
  await assert.rejects(bob.get(`/api/notebooks/${notebook}`), { status: 404 });
  assert.deepEqual(bobs.received.slice(from), []);
});

test("signing out ends the sockets of that session, not of another", async (t) => {
  const ada = await server.account("Ada");
  const phone = await ada.signInAgain();
  const [laptops, tab, phones] = [await Live.connect(t, ada), await Live.connect(t, ada), await Live.connect(t, phone)];
  await ada.signOut();
  await Promise.all([laptops.next("disconnect"), tab.next("disconnect")]);
  assert.equal(phones.socket.connected, true);
  assert.equal((await phones.call("conversation:join", { conversationId: crypto.randomUUID() })).error.code, "not_found");
  await assert.rejects(ada.refresh(), { status: 401, code: "session_expired" });
});
