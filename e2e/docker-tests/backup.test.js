// A deployment is lost, and comes back on an empty one from its backup, encrypted: nobody sees a difference.

import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { done, furnish, portrait, signIn } from "../support/backup.js";
import { Stack } from "./support/stack.js";

const folder = await mkdtemp(join(tmpdir(), "collabry-backup-"));
after(() => rm(folder, { recursive: true, force: true }));

test("what was deployed is restored on an empty stack", async (t) => {
  const key = join(folder, "key");
  const { output } = await done({ PATH: process.env.PATH }, ["backup-key", key]);
  const [, COLLABRY_BACKUP_RECIPIENT] = /COLLABRY_BACKUP_RECIPIENT=(age1\w+)/.exec(output);
  const lost = await Stack.prepare({ after });
  await lost.configure({ COLLABRY_BACKUP_RECIPIENT });
  await lost.build("v1");
  await lost.deploy("v1");
  const { ada, bob, live } = await furnish(t, lost);
  const before = { ada: await portrait(ada), bob: await portrait(bob) };
  live.socket.disconnect();

  const file = join(folder, "everything.tar.gz.age");
  const made = await lost.run(["backup", file]);
  assert.equal(made.code, 0, made.output);
  assert.equal((await stat(file)).mode & 0o077, 0);
  const refused = await lost.run(["restore", file], { VERSION: "v1", IDENTITY: key });
  assert.equal(refused.code, 1, refused.output);
  assert.match(refused.output, /api runs; a restore is for an empty system/);
  await lost.destroy();

  const empty = await Stack.prepare({ after });
  const locked = await empty.run(["restore", file], { VERSION: "v1" });
  assert.equal(locked.code, 1, locked.output);
  assert.match(locked.output, /is encrypted; name the file with its secret key[^]*nothing was restored/);
  const began = performance.now();
  const restored = await empty.run(["restore", file], { VERSION: "v1", IDENTITY: key });
  assert.equal(restored.code, 0, restored.output);
  t.diagnostic(`restored and deployed in ${((performance.now() - began) / 1000).toFixed(0)} s`);
  for (const [name, account] of Object.entries({ ada, bob })) {
    assert.deepEqual(await portrait(await signIn(account, empty.url)), before[name]);
  }
});
