// SIGTERM ends the server well; a second one ends it at once.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { eventsOf, textOf } from "../support/answer.js";
import { freePort } from "../support/ports.js";
import { Provider } from "../support/provider.js";
import { Server } from "../support/server.js";
import { Live } from "../support/socket.js";
import { within } from "../support/wait.js";

/** A server that is about to end has this long at the very most: what orchestrators give it by default. */
const GRACE_MS = 30_000;

const provider = await Provider.start({ after });
const settings = { ...provider.settings, COLLABRY_DEFAULT_MODEL: "ollama/scripted" };

test("told to end, it says so to its sockets, refuses new work, and exits with 0", async (t) => {
  const server = await Server.start(t, settings);
  const ada = await server.account("Ada");
  const live = await Live.connect(t, ada);
  server.signal("SIGTERM");
  const { reconnectWithinMs } = await live.next("server:draining");
  assert.ok(reconnectWithinMs > 0);
  await live.next("disconnect");
  assert.deepEqual(await within(server.ended, "the end", GRACE_MS), { code: 0, signal: null });
  await server.run();
  await live.next("connect", undefined, live.received.findIndex(({ name }) => name === "disconnect"));
});

test("an answer in the making is ended in good order", async (t) => {
  const server = await Server.start(t, settings);
  const ada = await server.account("Ada");
  const conversation = await ada.conversation(await ada.notebook());
  const live = await Live.connect(t, ada);
  await live.join(conversation);
  await provider.script({ tokens: 1_000_000, between: 15 });
  const question = await live.send(conversation, "Tell me everything.");
  await live.next("generation:delta");
  server.signal("SIGTERM");
  assert.deepEqual(await within(server.ended, "the end", GRACE_MS), { code: 0, signal: null });
  const seen = textOf(eventsOf(live, question.generationId));
  await server.run();
  const answer = await ada.answer(conversation, question.id);
  assert.equal(answer.status, "interrupted");
  assert.ok(answer.content.startsWith(seen) && seen !== "");
});

test("a second signal does not wait", async (t) => {
  const server = await Server.start(t, { ...settings, COLLABRY_DRAIN_SECS: "3600" });
  const ada = await server.account("Ada");
  const live = await Live.connect(t, ada);
  // A request that will not end by itself keeps the drain waiting.
  const socket = (await import("node:net")).connect(Number(new URL(server.url).port), "127.0.0.1");
  t.after(() => socket.destroy());
  socket.on("error", () => {});
  socket.write(
    `POST /api/notebooks/${await ada.notebook()}/sources HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${ada.token}\r\n` +
      "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000000\r\n\r\n--x\r\n",
  );
  server.signal("SIGTERM");
  await live.next("server:draining");
  server.signal("SIGTERM");
  const { code } = await within(server.ended, "the end", GRACE_MS);
  assert.equal(code, 130);
  await server.run();
});

test("a second server on the same data is refused", async (t) => {
  const server = await Server.start(t, settings);
  const second = new Server(await freePort(), server.dataDir, settings);
  t.after(() => second.kill());
  await assert.rejects(second.run(), /the server ended/);
  await server.account("Ada");
});
