// The server dies while many people write: what was acknowledged is there, once, in its place.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { Server } from "../support/server.js";
import { Live } from "../support/socket.js";

const SENDS = 200;
const SOCKETS = 5;
const KILL_AFTER = 60;
/** What each says in a row. */
const EACH = 20;

const server = await Server.start({ after });

/** Sockets of two members with one conversation open. */
async function crowd(t) {
  const [ada, bob] = [await server.account("Ada"), await server.account("Bob")];
  const notebook = await ada.notebook();
  await ada.invite(notebook, bob);
  const conversation = await ada.conversation(notebook);
  const lives = await Promise.all(
    Array.from({ length: SOCKETS }, (_, index) => Live.connect(t, index % 2 ? bob : ada)),
  );
  await Promise.all(lives.map((live) => live.join(conversation)));
  return { ada, conversation, lives };
}

/** Sends once; `undefined` when the connection broke before the acknowledgement. */
async function trySend(live, payload) {
  return live.socket.timeout(60_000).emitWithAck("message:send", payload).then(
    (ack) => {
      assert.equal(ack.ok, true, JSON.stringify(ack));
      return ack.message;
    },
    () => undefined,
  );
}

/** As clients do: sends again with the same clientId until it is acknowledged. */
async function send(live, payload) {
  for (;;) {
    const message = await trySend(live, payload);
    if (message) return message;
    if (!live.socket.connected) await live.next("connect", undefined, live.received.length);
  }
}

/** Something that is waited for until it is opened. */
function gate() {
  /** @type {() => void} */
  let open;
  const opened = new Promise((resolve) => (open = () => resolve(undefined)));
  return { opened, open };
}

const payload = (conversationId, clientId) => ({ conversationId, clientId, content: `Message ${clientId}`, ask: false });

/** Every sent message exactly once, without holes, and each as it was acknowledged. */
async function assertExactlyOnce(ada, conversation, clientIds, acked) {
  const stored = await ada.messages(conversation);
  assert.deepEqual(stored.map((message) => message.position), stored.map((_, index) => index + 1));
  assert.deepEqual(stored.map((message) => message.clientId).sort(), [...clientIds].sort());
  const byId = new Map(stored.map((message) => [message.id, message]));
  for (const message of acked) assert.deepEqual(byId.get(message.id), message, "stored as it was acknowledged");
  return stored;
}

test("a burst of sends with kill -9 in between", async (t) => {
  const { ada, conversation, lives } = await crowd(t);
  const clientIds = Array.from({ length: SENDS }, (_, index) => `burst-${index}`);
  const acked = [];
  const enough = gate();
  const killing = enough.opened.then(() => server.kill());
  const first = clientIds.map(async (clientId, index) => {
    const message = await trySend(lives[index % SOCKETS], payload(conversation, clientId));
    if (message) acked.push(message);
    if (acked.length === KILL_AFTER) enough.open();
    return message ? undefined : clientId;
  });
  await killing;
  const lost = (await Promise.all(first)).filter((clientId) => clientId !== undefined);
  const received = lives.flatMap((live) => live.all("message:new").map(({ message }) => message));
  t.diagnostic(`${acked.length} acknowledged before the kill, ${lost.length} not`);
  assert.ok(lost.length > 0, "the server died in between");
  await server.run();

  const before = await ada.messages(conversation);
  const ids = new Set(before.map((message) => message.id));
  for (const message of [...acked, ...received]) assert.ok(ids.has(message.id), "what was acknowledged or received is stored");

  // Everything is sent again by whoever sent it first, as by clients that never got their acknowledgements.
  const resent = await Promise.all(
    clientIds.map((clientId, index) => send(lives[index % SOCKETS], payload(conversation, clientId))),
  );
  const again = new Map(resent.map((message) => [message.id, message]));
  for (const message of acked) assert.deepEqual(again.get(message.id), message, "acknowledged as the first time");
  const stored = await assertExactlyOnce(ada, conversation, clientIds, resent);
  assert.deepEqual(stored.slice(0, before.length), before, "what was there did not move");

  const { messages, complete } = await lives[0].join(conversation, 0);
  assert.equal(complete, true);
  assert.deepEqual(messages, stored, "a client that catches up gets the same log");
});

test("conversations that go on through two crashes keep each sender's order", async (t) => {
  const { ada, conversation, lives } = await crowd(t);
  const crashes = [40, 70].map((after) => ({ after, due: gate() }));
  const restarts = (async () => {
    for (const { due } of crashes) {
      await due.opened;
      await server.kill();
      await server.run();
    }
  })();
  const acked = [];
  /** One who says one thing after the other. */
  const speak = async (live, lane) => {
    for (let index = 0; index < EACH; index += 1) {
      acked.push(await send(live, payload(conversation, `lane-${lane}-${index}`)));
      for (const { after, due } of crashes) if (acked.length >= after) due.open();
    }
  };
  await Promise.all(lives.map(speak));
  await restarts;
  const lanes = lives.map((_, lane) => Array.from({ length: EACH }, (_, index) => `lane-${lane}-${index}`));
  const stored = await assertExactlyOnce(ada, conversation, lanes.flat(), acked);
  for (const [lane, said] of lanes.entries()) {
    const inLog = stored.filter((message) => message.clientId.startsWith(`lane-${lane}-`));
    assert.deepEqual(inLog.map((message) => message.clientId), said, "in the order in which they were said");
  }
});
