// A deployment is lost, and comes back on an empty one from its backup, encrypted: nobody sees a difference.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { furnish, portrait, signIn } from "../support/backup.js";
import { Stack } from "./support/stack.js";

const folder = await mkdtemp(join(tmpdir(), "collabry-backup-"));
after(() => rm(folder, { recursive: true, force: true }));

test("what was deployed is restored on an empty stack", async (t) => {
  const key = join(folder, "key");
  const lost = await Stack.prepare({ after });
  await lost.build("v1");
  const { output, code } = await lost.run(["backup-key", key], { VERSION: "v1" });
  assert.equal(code, 0, output);
  assert.equal((await stat(key)).mode & 0o077, 0);
  const [, COLLABRY_BACKUP_RECIPIENT] = /COLLABRY_BACKUP_RECIPIENT=(age1\w+)/.exec(output);
  const [, COLLABRY_BACKUP_SIGNING_KEY] = /COLLABRY_BACKUP_SIGNING_KEY=(\S+)/.exec(output);
  assert.ok(!(await readFile(key, "utf8")).includes(COLLABRY_BACKUP_SIGNING_KEY));
  await lost.configure({ COLLABRY_BACKUP_RECIPIENT, COLLABRY_BACKUP_SIGNING_KEY, COLLABRY_BACKUP_URL: "file:///var/lib/collabry/backups" });
  await lost.deploy("v1");
  const { ada, bob, live } = await furnish(t, lost);
  const before = { ada: await portrait(ada), bob: await portrait(bob) };
  live.socket.disconnect();

  const file = join(folder, "everything.tar.gz.age");
  const made = await lost.run(["backup", file]);
  assert.equal(made.code, 0, made.output);
  assert.equal((await stat(file)).mode & 0o077, 0);
  const over = await lost.run(["backup", file]);
  assert.equal(over.code, 1, over.output);
  assert.match(over.output, /already exists; name another file, or put --force/);

  // Where those of each night are, as well.
  const nightly = await lost.run(["backup"]);
  assert.equal(nightly.code, 0, nightly.output);
  const listed = await lost.run(["backups"]);
  const [, name] = /^(collabry-\d{8}T\d{6}Z\.tar\.gz\.age)\t/m.exec(listed.output) ?? assert.fail(listed.output);
  for (const args of [["verify"], ["verify", name], ["verify", file]]) {
    const verified = await lost.run(args, { IDENTITY: key });
    assert.equal(verified.code, 0, verified.output);
    assert.match(verified.output, /The backup is intact[^]*It is signed by \S+, as required/, String(args));
  }
  const refused = await lost.run(["restore", file], { VERSION: "v1", IDENTITY: key });
  assert.equal(refused.code, 1, refused.output);
  assert.match(refused.output, /api is running; restore only into an empty system/);
  await lost.destroy();

  const empty = await Stack.prepare({ after });
  // All that was in .env is in the backup, and needs nothing but its key.
  const restoredEnv = join(folder, "restored.env");
  const written = await empty.run(["settings", file, restoredEnv], { VERSION: "v1", IDENTITY: key });
  assert.equal(written.code, 0, written.output);
  assert.match(await readFile(restoredEnv, "utf8"), new RegExp(`^REDIS_PASSWORD=${lost.settings.REDIS_PASSWORD}$`, "m"));
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
