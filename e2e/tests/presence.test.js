// Who is there.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { Server } from "../support/server.js";
import { Live } from "../support/socket.js";

const server = await Server.start({ after });

test("a person is there until the last tab closes", async (t) => {
  const [ada, bob] = [await server.account("Ada"), await server.account("Bob")];
  const notebook = await ada.notebook();
  await ada.invite(notebook, bob);
  const conversation = await ada.conversation(notebook);
  const watcher = await Live.connect(t, ada);
  await watcher.join(conversation);
  const here = async () => (await watcher.join(conversation)).present;

  const first = await Live.connect(t, bob);
  const second = await Live.connect(t, bob);
  await first.join(conversation);
  await second.join(conversation);
  await watcher.next("presence:update", ({ userIds }) => userIds.includes(bob.id));
  assert.deepEqual(new Set(await here()), new Set([ada.id, bob.id]));

  // Typing ends with its socket: once that is received, the server has seen the tab close.
  await first.ok("typing:start", { conversationId: conversation });
  first.socket.disconnect();
  await watcher.next("user:stopped-typing");
  await second.settle(conversation, [watcher]);
  assert.ok((await here()).includes(bob.id), "the other tab is open");
  const announced = watcher.all("presence:update").at(-1);
  assert.ok(announced.userIds.includes(bob.id), "and nobody was told otherwise");

  const from = watcher.received.length;
  second.socket.disconnect();
  const update = await watcher.next("presence:update", ({ userIds }) => !userIds.includes(bob.id), from);
  assert.deepEqual(update, { notebookId: notebook, userIds: [ada.id] });
  assert.deepEqual((await ada.get(`/api/notebooks/${notebook}/members`)).present, [ada.id]);
});

test("a new member is seen at once", async (t) => {
  const [ada, bob] = [await server.account("Ada"), await server.account("Bob")];
  const notebook = await ada.notebook();
  const [adas, bobs] = [await Live.connect(t, ada), await Live.connect(t, bob)];
  await ada.invite(notebook, bob);
  await adas.next("notebook:members", ({ notebookId }) => notebookId === notebook);
  const { userIds } = await bobs.next("presence:update", ({ notebookId }) => notebookId === notebook);
  assert.deepEqual(new Set(userIds), new Set([ada.id, bob.id]));
});
