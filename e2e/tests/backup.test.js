// Everything that users see survives a backup and a restore into an empty folder, while people go on writing.

import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { command, done, furnish, portrait, signIn } from "../support/backup.js";
import { freePort } from "../support/ports.js";
import { Server } from "../support/server.js";
import { until } from "../support/wait.js";

const folder = await mkdtemp(join(tmpdir(), "collabry-backup-"));
after(() => rm(folder, { recursive: true, force: true }));
const server = await Server.start({ after });
const { ada, bob, conversation, live } = await furnish({ after }, server);

/** A server on an empty folder, not yet running. */
async function empty(t, settings = {}) {
  const dataDir = await mkdtemp(join(tmpdir(), "collabry-restored-"));
  const other = new Server(await freePort(), dataDir, settings);
  t.after(async () => {
    if (other.started) await other.kill();
    await rm(dataDir, { recursive: true, force: true });
  });
  other.start = async () => {
    other.started = true;
    await other.run();
  };
  return other;
}

const file = join(folder, "whole.tar.gz");

test("a restored system shows what was there, and nobody noticed the backup", async (t) => {
  const before = { ada: await portrait(ada), bob: await portrait(bob) };
  let [writing, acked] = [true, []];
  const writer = (async () => {
    while (writing) acked.push((await live.send(conversation, `While it is copied ${acked.length}`, { ask: false })).id);
  })();
  await until("somebody writes", () => acked.length > 20);
  const ackedBefore = acked.slice();
  const { output } = await done(server.env, ["backup", file]);
  writing = false;
  await writer;
  assert.match(output, /Backed up to .*whole\.tar\.gz: \d+ documents and 4 files, \d+ MB, as of /);
  assert.equal((await stat(file)).mode & 0o077, 0, "only its owner reads it");

  const other = await empty(t);
  const restored = await done(other.env, ["restore", file]);
  assert.match(restored.output, /Verifying the backup first[^]*Restoring[^]*Restored: /);
  await other.start();
  for (const [name, account] of Object.entries({ ada, bob })) {
    const seen = await portrait(await signIn(account, other.url));
    const [{ conversations: [chat] }] = seen.notebooks;
    const copied = chat.messages.filter(({ content }) => content.startsWith("While it is copied")).map(({ id }) => id);
    assert.deepEqual(copied, acked.slice(0, copied.length), "a beginning of what was written meanwhile, in order");
    assert.ok(copied.length >= ackedBefore.length, "all that was acknowledged before it began");
    chat.messages = chat.messages.filter(({ id }) => !copied.includes(id));
    // They say when somebody last wrote.
    const timeless = ({ notebooks: [{ notebook, conversations: [{ conversation }] }] }) => [notebook, conversation].forEach((one) => delete one.updatedAt);
    [seen, before[name]].forEach(timeless);
    assert.deepEqual(seen, before[name]);
  }
});

test("what clients have seen since is not taken for something new", async (t) => {
  const other = await empty(t);
  await done(other.env, ["restore", file]);
  await other.start();
  const there = await signIn(ada, other.url);
  const revs = (await there.messages(conversation)).map(({ rev }) => rev);
  const message = await there.post(`/api/conversations/${conversation}/messages`, { clientId: "c1", content: "After it", ask: false });
  assert.ok(message.rev > Math.max(...revs) + 1000, `${message.rev}`);
  const again = await there.messages(conversation);
  assert.equal(again.at(-1).id, message.id);
});

test("an encrypted backup opens with its key alone, and holds the settings with their secrets", async (t) => {
  const [key, wrong, sealed] = ["key", "wrong-key", "sealed.tar.gz.age"].map((name) => join(folder, name));
  const { output } = await done(server.env, ["backup-key", key]);
  await done(server.env, ["backup-key", wrong]);
  const [, recipient] = /COLLABRY_BACKUP_RECIPIENT=(age1\w+)/.exec(output);
  const secret = "Yk3v8Qm2pL0sXw7zRb5nTc1dFg6hJj4a";
  await done({ ...server.env, COLLABRY_BACKUP_RECIPIENT: recipient, COLLABRY_JWT_SECRET: secret }, ["backup", sealed]);
  assert.ok(!(await readFile(sealed)).includes("manifest.json"));

  for (const [args, says] of [[[], /is encrypted; name the file with its secret key/], [["--identity", wrong], /does not fit/]]) {
    const refused = await command(server.env, ["verify", sealed, ...args]);
    assert.equal(refused.code, 1);
    assert.match(refused.output, says);
  }
  const whole = await done(server.env, ["verify", sealed, "--identity", key]);
  assert.match(whole.output, /The backup is whole: [^]*\d messages/);

  const other = await empty(t);
  const settings = join(folder, "settings.env");
  await done(other.env, ["restore", sealed, "--identity", key, "--settings", settings]);
  const text = await readFile(settings, "utf8");
  assert.ok(text.includes(`COLLABRY_JWT_SECRET='${secret}'\n`), text);
  assert.equal((await stat(settings)).mode & 0o077, 0);
});

test("without a key secrets stay out", async (t) => {
  const open = join(folder, "open.tar.gz");
  const { output } = await done({ ...server.env, COLLABRY_JWT_SECRET: "Yk3v8Qm2pL0sXw7zRb5nTc1dFg6hJj4a" }, ["backup", open]);
  assert.match(output, /not encrypted, so these settings are not in it: COLLABRY_JWT_SECRET/);
  const other = await empty(t);
  const settings = join(folder, "open.env");
  await done(other.env, ["restore", open, "--settings", settings]);
  assert.match(await readFile(settings, "utf8"), /^# not in the backup: COLLABRY_JWT_SECRET=$/m);
});

test("what is damaged or cut off is refused before anything is touched", async (t) => {
  const whole = await readFile(file);
  const damaged = join(folder, "damaged.tar.gz");
  const flipped = Buffer.from(whole);
  flipped[Math.floor(whole.length / 2)] ^= 0x10;
  const cases = {
    "a byte is another": () => writeFile(damaged, flipped),
    "it was cut off": () => writeFile(damaged, whole).then(() => truncate(damaged, whole.length - 2000)),
    "it is empty": () => writeFile(damaged, ""),
    "it is something else": () => writeFile(damaged, "# Notes\n"),
  };
  for (const [what, make] of Object.entries(cases)) {
    await make();
    const other = await empty(t);
    for (const args of [["verify", damaged], ["restore", damaged]]) {
      const { code, output } = await command(other.env, args);
      assert.equal(code, 1, `${what}: ${output}`);
      assert.match(output, /error: .*(damaged|cut off|no backup|hold what its manifest|reading)/, what);
    }
    assert.deepEqual((await readdir(other.dataDir)).filter((name) => name.startsWith("collabry.db")), [], what);
  }
});

test("a system that has users is not written over, nor one that runs", async () => {
  const running = await command(server.env, ["restore", file]);
  assert.equal(running.code, 1);
  assert.match(running.output, /another Collabry uses the data folder/);
  await server.kill();
  const full = await command(server.env, ["restore", file]);
  assert.equal(full.code, 1);
  assert.match(full.output, /needs an empty database: a database with users exists already/);
  await server.run();
  assert.ok((await ada.signInAgain()).token);
});

test("the worker makes backups by itself and keeps the newest", async (t) => {
  const place = await mkdtemp(join(folder, "place-"));
  const other = await empty(t, {
    COLLABRY_BACKUP_URL: `file://${place}`,
    COLLABRY_BACKUP_KEEP: "2",
    COLLABRY_JOB_SCHEDULES: "backup=* * * * * *",
  });
  await done(other.env, ["restore", file]);
  await other.start();
  const names = async () => (await readdir(place)).filter((name) => /^collabry-\d{8}T\d{6}Z\.tar\.gz$/.test(name)).sort();
  const [first] = await until("there is one", async () => (await names()).length > 0 && names());
  await until("older ones go", async () => !(await names()).includes(first));
  await other.kill();
  assert.ok((await names()).length <= 3, "two, and one that was just made");
  assert.match((await done(other.env, ["verify"])).output, /collabry-\d+T\d+Z\.tar\.gz\nThe backup is whole/);
});

test("backups that lie among the files are not in the next backup", async (t) => {
  const files = await mkdtemp(join(folder, "files-"));
  const other = await empty(t, { COLLABRY_BLOBS_URL: `file://${files}` });
  await done(other.env, ["restore", file]);
  for (let times = 0; times < 2; times += 1) {
    assert.match((await done(other.env, ["backup", join(files, `${times}.tar.gz`)])).output, / and 4 files, /);
  }
});
