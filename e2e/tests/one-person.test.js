// What one person asks for costs the server no more memory than it can bear.

import assert from "node:assert/strict";
import { test } from "node:test";

import { PASSWORD } from "../support/account.js";
import { memoryOf } from "../support/memory.js";
import { Server } from "../support/server.js";

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
