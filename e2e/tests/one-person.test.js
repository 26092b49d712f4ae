// What one person asks for costs the server no more memory than it can bear, and nobody else their work.

import assert from "node:assert/strict";
import { test } from "node:test";

import { PASSWORD } from "../support/account.js";
import { memoryOf } from "../support/memory.js";
import { RawSocket } from "../support/raw-socket.js";
import { Server } from "../support/server.js";
import { until } from "../support/wait.js";

const MIB = 1024 * 1024;

test("bursts of sign-ins leave nothing behind", async (t) => {
  const server = await Server.start(t);
  const ada = await server.account("Ada");
  const signIn = () =>
    fetch(`${server.url}/api/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email: ada.user.email, password: PASSWORD }),
    }).then((answer) => answer.text().then(() => answer.status));
  await signIn();
  const before = await memoryOf(server.pid);
  for (let burst = 0; burst < 5; burst += 1) {
    const statuses = await Promise.all(Array.from({ length: 100 }, signIn));
    assert.deepEqual(new Set(statuses), new Set([200]));
  }
  // Four hashes of 19 MiB run at a time, and none runs now.
  const grown = (await memoryOf(server.pid)).resident - before.resident;
  assert.ok(grown < 50 * MIB, `${(grown / MIB).toFixed(0)} MiB more than before`);
});

test("a socket that asks for everything and reads nothing is kept little, and others go on", async (t) => {
  const server = await Server.start(t);
  const [ada, ben] = [await server.account("Ada"), await server.account("Ben")];
  const conversation = await ada.conversation(await ada.notebook());
  const bens = await ben.notebook();
  for (let n = 0; n < 100; n += 1) {
    const said = { clientId: `${n}`, content: "🌿".repeat(16_000), ask: false };
    await ada.post(`/api/conversations/${conversation}/messages`, said);
  }
  const before = (await memoryOf(server.pid)).resident;
  const sockets = [];
  for (let n = 0; n < 4; n += 1) {
    const socket = await new RawSocket(server.url, ada.token).connected;
    t.after(() => socket.close());
    socket.stopReading();
    for (let event = 0; event < 100; event += 1) void socket.ask("conversation:join", { conversationId: conversation, sinceRev: 0 });
    sockets.push(socket);
  }
  let most = 0;
  for (let asked = 0; asked < 40; asked += 1) {
    assert.ok(Array.isArray((await ben.get("/api/notebooks")).notebooks));
    await ben.conversation(bens);
    most = Math.max(most, (await memoryOf(server.pid)).resident - before);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(most < 150 * MIB, `${(most / MIB).toFixed(0)} MiB more than before`);
});

test("a socket that says more than anybody hears is closed, and others go on", async (t) => {
  const server = await Server.start(t, { COLLABRY_LIMIT_SOCKET_EVENTS: "50" });
  const [ada, ben] = [await server.account("Ada"), await server.account("Ben")];
  const conversation = await ada.conversation(await ada.notebook());
  const said = /** @type {string[]} */ ([]);
  const socket = await new RawSocket(server.url, ada.token, (text) => said.push(text)).connected;
  const before = (await memoryOf(server.pid)).resident;
  for (let n = 0; n < 40_000; n += 1) socket.socket.send(`42["typing:stop",{"conversationId":"${conversation}"}]`);
  await ben.get("/api/notebooks");
  await until("it is told why, and closed", () => said.some((text) => text.includes("server:closing")));
  await socket.closed;
  await ben.get("/api/notebooks");
  const grown = (await memoryOf(server.pid)).resident - before;
  assert.ok(grown < 60 * MIB, `${(grown / MIB).toFixed(0)} MiB more than before`);
});
