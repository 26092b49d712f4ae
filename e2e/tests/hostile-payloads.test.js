// Whatever a client sends, the answer is an error or nothing, and the server goes on.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { Server } from "../support/server.js";
import { Live } from "../support/socket.js";
import { until, within } from "../support/wait.js";

const WRONG = [
  null, true, 7, -1.5e300, "text", [], [[]], ["conversationId"], {}, { conversationId: null }, { conversationId: 7 },
  { conversationId: "not-a-uuid" }, { conversationId: ["x"] }, { conversationId: { $ne: null } },
  { token: 7 }, { generationId: {}, lastEventId: "1" }, { generationId: crypto.randomUUID(), lastEventId: -1 },
  JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":{}}}'), nested(200), Buffer.from("bytes"),
];

function nested(depth) {
  return depth === 0 ? {} : { in: nested(depth - 1) };
}

const server = await Server.start({ after });
const document = await (await fetch(`${server.url}/api/openapi.json`)).json();
/** Whatever can be said. */
const EVENTS = Object.keys(document["x-socket-requests"]);
const ada = await server.account("Ada");
const notebook = await ada.notebook();
const conversation = await ada.conversation(notebook);

function assertRefused(ack, what) {
  assert.equal(ack.ok, false, what);
  assert.match(ack.error.code, /^[a-z_]+$/, what);
  assert.equal(typeof ack.error.message, "string", what);
  assert.notEqual(ack.error.code, "internal", what);
  // A sentence for people: nothing of our types, nor of a text that they never wrote.
  assert.doesNotMatch(ack.error.message, /struct|u64|UUID|expected|at line|invalid type|byte array/, what);
}

test("wrong types, missing fields, arrays and bytes are refused", async (t) => {
  const live = await Live.connect(t, ada);
  for (const event of EVENTS) {
    for (const payload of WRONG) assertRefused(await live.call(event, payload), `${event} ${JSON.stringify(payload)}`);
    assertRefused(await live.call(event), `${event} without a payload`);
    assertRefused(await live.call(event, {}, {}, "more", [1]), `${event} with too much`);
  }
  assert.deepEqual(live.all("disconnect"), []);
});

test("what is well formed but not allowed is refused with its code", async (t) => {
  const live = await Live.connect(t, ada);
  const unknown = crypto.randomUUID();
  const send = (fields) => live.call("message:send", { conversationId: conversation, clientId: "a", content: "x", ask: false, ...fields });
  for (const [ack, code] of [
    [await send({ content: "" }), "message_empty"],
    [await send({ content: " \n\t " }), "message_empty"],
    [await send({ content: "🌿".repeat(16_001) }), "message_too_long"],
    [await send({ clientId: "" }), "client_id_invalid"],
    [await send({ clientId: "x".repeat(65) }), "client_id_invalid"],
    [await send({ clientId: "with space" }), "client_id_invalid"],
    [await send({ model: "no-slash" }), "model_invalid"],
    [await send({ sourceIds: "all" }), "validation"],
    [await send({ content: "x".repeat(270_000) }), "payload_too_large"],
    [await live.call("conversation:join", { conversationId: "xyz" }), "not_found"],
    [await send({ conversationId: unknown }), "not_found"],
    [await live.call("conversation:join", { conversationId: unknown }), "not_found"],
    [await live.call("generation:resume", { generationId: unknown, lastEventId: 0 }), "not_found"],
    [await live.call("generation:stop", { generationId: unknown }), "not_found"],
    [await live.call("message:edit", { conversationId: conversation, messageId: unknown, content: "x" }), "not_found"],
    [await live.call("message:regenerate", { conversationId: conversation, messageId: unknown }), "not_found"],
    [await live.call("message:shout", { conversationId: conversation }), "event_unknown"],
  ]) {
    assertRefused(ack, code);
    assert.equal(ack.error.code, code);
  }
  const longest = await send({ clientId: "longest", content: "🌿".repeat(16_000) });
  assert.equal(longest.ok, true, "16,000 characters are allowed, however many bytes they take");
});

test("events without an acknowledgement, unknown events and unknown namespaces change nothing", async (t) => {
  const live = await Live.connect(t, ada);
  for (const event of EVENTS) for (const payload of WRONG) live.socket.emit(event, payload);
  live.socket.emit("message:new", { message: { id: "forged" } });
  live.socket.emit("admin:everything", {});
  live.socket.emit("message:send", { conversationId: conversation, clientId: "silent", content: "No ack", ask: false });
  await live.join(conversation);
  await live.settle(conversation, [live]);
  // What was sent without waiting for an acknowledgement may be stored after what was sent later.
  await until("what is valid is stored without an ack, too", async () => {
    return (await ada.messages(conversation)).some((message) => message.clientId === "silent");
  });
  assert.ok(live.all("message:new").every(({ message }) => message.id !== "forged"), "clients cannot speak as the server");

  const elsewhere = Live.open(t, `${server.url}/admin`, () => ada.token);
  await elsewhere.next("connect_error");
});

test("a packet that is too large costs its sender the connection, and nobody else", async (t) => {
  const [live, other] = [await Live.connect(t, ada), await Live.connect(t, ada)];
  live.socket.emit("message:send", { conversationId: conversation, clientId: "huge", content: "x".repeat(2_000_000) });
  await live.next("disconnect");
  await other.join(conversation);
  await other.settle(conversation, [other]);
  assert.ok((await ada.messages(conversation)).every((message) => message.clientId !== "huge"));
});

test("raw bytes on the socket's path do not end the server", async (t) => {
  for (const path of ["?EIO=4&transport=polling", "?EIO=3&transport=polling", "?EIO=4&transport=carrier-pigeon", "?EIO=4&transport=polling&sid=x"]) {
    for (const body of ["", "4", "40", "42[", '451-["message:send",{"_placeholder":true,"num":9}]', "\u001e".repeat(100), "b!!!"]) {
      await within(fetch(`${server.url}/socket.io/${path}`, { method: "POST", body }).then((answer) => answer.text()), path);
    }
  }
  const live = await Live.connect(t, ada);
  await live.join(conversation);
});
