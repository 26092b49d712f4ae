// Everything that users see survives a backup and a restore into an empty folder, while people go on writing.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { command, done, furnish, portrait, signIn } from "../support/backup.js";
import { freePort } from "../support/ports.js";
import { BIN_DIR, Server } from "../support/server.js";
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

/** What `backup-key` prints for the server. @param {string} output @returns {Record<string, string>} */
const settingsOf = (output) => Object.fromEntries([...output.matchAll(/^(COLLABRY_BACKUP_\w+)=(\S+)$/gm)].map(([, name, value]) => [name, value]));

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
  assert.match(output, /Backed up to .*whole\.tar\.gz: \d+ documents and 4 files, \d+(\.\d)? [kM]B, as of /);
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
    const timeless = ({ notebooks: [{ notebook, conversations: [{ conversation }] }] }) => {
      delete notebook.updatedAt;
      delete conversation.lastMessageAt;
    };
    [seen, before[name]].forEach(timeless);
    assert.deepEqual(seen, before[name]);
  }
});

test("a backup that is there is not replaced unless that is asked for", async () => {
  const before = await readFile(file);
  const refused = await command(server.env, ["backup", file]);
  assert.equal(refused.code, 1, refused.output);
  assert.match(refused.output, /whole\.tar\.gz exists already; name another file, or use --force/);
  assert.deepEqual(await readFile(file), before);
  const again = join(folder, "again.tar.gz");
  await writeFile(again, "of yesterday");
  await done(server.env, ["backup", again, "--force"]);
  assert.match((await done(server.env, ["verify", again])).output, /The backup is intact/);
});

test("who was signed in is not brought back", async (t) => {
  const other = await empty(t);
  const restored = await done(other.env, ["restore", file]);
  assert.match(restored.output, /Nobody is signed in; passwords are those of the backup/);
  await other.start();
  const renew = await fetch(`${other.url}/api/auth/refresh`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ refreshToken: ada.refreshToken }),
  });
  assert.equal(renew.status, 401, "also a session that was ended after the backup");
  await signIn(ada, other.url);
});

test("a backup of another backend is refused, and nothing is touched", async (t) => {
  const other = await empty(t);
  await rm(other.dataDir, { recursive: true });
  const env = { ...other.env, MONGODB_URI: "mongodb://127.0.0.1:1/collabry" };
  const says = /error: this backup is of SQLite, but the settings are for MongoDB: unset MONGODB_URI, and set COLLABRY_DATA_DIR to an empty folder\. Nothing was changed/;
  const refused = await command(env, ["restore", file]);
  assert.equal(refused.code, 1, refused.output);
  assert.match(refused.output, says);
  const input = await new Promise((resolve) => {
    execFile("bash", ["-c", `"$0" restore - <"$1"`, join(BIN_DIR, "collabry"), file], { env }, (error, _, output) => resolve({ code: error?.code, output }));
  });
  assert.equal(input.code, 1, input.output);
  assert.match(input.output, /this backup is of SQLite, but the settings are for MongoDB/, "what comes by standard input as well");
  await assert.rejects(stat(other.dataDir), "not even a folder was made");
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
  const secret = "Yk3v8Qm2pL0sXw7zRb5nTc1dFg6hJj4a";
  await done({ ...server.env, ...settingsOf(output), COLLABRY_JWT_SECRET: secret }, ["backup", sealed]);
  assert.ok(!(await readFile(sealed)).includes("manifest.json"));

  for (const [args, says] of [[[], /is encrypted; name the file with its secret key/], [["--identity", wrong], /does not open this backup/]]) {
    const refused = await command(server.env, ["verify", sealed, ...args]);
    assert.equal(refused.code, 1);
    assert.match(refused.output, says);
  }
  const whole = await done(server.env, ["verify", sealed, "--identity", key]);
  assert.match(whole.output, /The backup is intact: [^]*\d messages/);

  const other = await empty(t);
  const settings = join(folder, "settings.env");
  await done(other.env, ["restore", sealed, "--identity", key, "--settings", settings]);
  const text = await readFile(settings, "utf8");
  assert.ok(text.includes(`COLLABRY_JWT_SECRET=${secret}\n`), text);
  assert.equal((await stat(settings)).mode & 0o077, 0);

  // On a machine that has the key, the backup and nothing else, and with the program of replicas as well.
  for (const program of ["collabry", "collabry-worker"]) {
    const alone = join(folder, `${program}.env`);
    const verified = await done({ PATH: process.env.PATH }, ["verify", sealed, "--identity", key, "--settings", alone], program);
    assert.match(verified.output, /those of Compose and deploy\.sh are not in this backup/);
    assert.equal(await readFile(alone, "utf8"), text, program);
    assert.match((await done({ PATH: process.env.PATH }, ["backup-key", "-"], program)).output, /AGE-SECRET-KEY-1[^]*COLLABRY_BACKUP_RECIPIENT=age1|COLLABRY_BACKUP_RECIPIENT=age1[^]*AGE-SECRET-KEY-1|# public key: age1\w+\nAGE-SECRET-KEY-1/);
  }
});

test("a backup that another key has signed is refused before anything is touched, by the command and by standard input", async (t) => {
  const [key, stranger, mine, theirs] = ["mine.key", "stranger.key", "mine.tar.gz.age", "theirs.tar.gz.age"].map((name) => join(folder, name));
  const own = settingsOf((await done(server.env, ["backup-key", key])).output);
  const other = settingsOf((await done(server.env, ["backup-key", stranger])).output);
  assert.deepEqual(Object.keys(own), ["COLLABRY_BACKUP_RECIPIENT", "COLLABRY_BACKUP_SIGNING_KEY"]);
  assert.ok(!(await readFile(key, "utf8")).includes(own.COLLABRY_BACKUP_SIGNING_KEY), "who reads backups does not sign them");
  await done({ ...server.env, ...own }, ["backup", mine]);
  // Anybody can encrypt to the public key.
  await done({ ...server.env, ...own, COLLABRY_BACKUP_SIGNING_KEY: other.COLLABRY_BACKUP_SIGNING_KEY }, ["backup", theirs]);

  const forged = await empty(t);
  for (const args of [["verify", theirs], ["restore", theirs]]) {
    const { code, output } = await command(forged.env, [...args, "--identity", key]);
    assert.equal(code, 65, output);
    assert.match(output, /error: the backup is signed by MCowBQYDK2VwAyEA\S+, but must be signed by MCowBQYDK2VwAyEA/);
  }
  const input = await new Promise((resolve) => {
    execFile("bash", ["-c", `"$0" restore - --identity "$1" <"$2"`, join(BIN_DIR, "collabry"), key, theirs], { env: forged.env }, (error, _, output) => resolve({ code: error?.code, output }));
  });
  assert.equal(input.code, 65, input.output);
  assert.deepEqual((await readdir(forged.dataDir)).filter((name) => name === "collabry.db"), [], "no database came of it");

  const there = await empty(t);
  const restored = await done(there.env, ["restore", mine, "--identity", key]);
  assert.match(restored.output, /Restored: [^]*It is signed by MCowBQYDK2VwAyEA\S+, as required/);
  await there.start();
  await signIn(ada, there.url);
});

test("the .env itself is in an encrypted backup, as it was, and in no other", async () => {
  const [key, env, sealed, open] = ["env-key", "of-mine.env", "with-env.tar.gz.age", "with-env.tar.gz"].map((name) => join(folder, name));
  const { output } = await done(server.env, ["backup-key", key]);
  const mine = "# Mine\nREDIS_PASSWORD=a'b\nCOLLABRY_HTTPS_PORT=8443\n";
  await writeFile(env, mine);
  await done({ ...server.env, ...settingsOf(output) }, ["backup", sealed, "--env-file", env]);
  const restored = join(folder, "restored.env");
  await done({ PATH: process.env.PATH }, ["verify", sealed, "--identity", key, "--settings", restored]);
  assert.equal(await readFile(restored, "utf8"), mine);
  const said = await done(server.env, ["backup", open, "--env-file", env]);
  assert.match(said.output, /The backup is not encrypted, so it does not include \.env/);
  const settings = join(folder, "open-settings.env");
  await done({ PATH: process.env.PATH }, ["verify", open, "--settings", settings]);
  assert.doesNotMatch(await readFile(settings, "utf8"), /REDIS_PASSWORD/);
});

test("without a key secrets stay out", async (t) => {
  const open = join(folder, "open.tar.gz");
  const { output } = await done({ ...server.env, COLLABRY_JWT_SECRET: "Yk3v8Qm2pL0sXw7zRb5nTc1dFg6hJj4a" }, ["backup", open]);
  assert.match(output, /not encrypted, so it does not include these settings: COLLABRY_JWT_SECRET/);
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
      assert.match(output, /error: .*(damaged|cut off|not a backup|match its manifest|reading)/, what);
      if (what === "it was cut off") assert.match(output, /error: the backup was cut off: its end is missing/);
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
  for (const name of await names()) assert.equal((await stat(join(place, name))).mode & 0o077, 0, "only its owner reads it");
  const newest = (await names()).at(-1);
  assert.match((await done(other.env, ["verify"])).output, new RegExp(`${newest}\nThe backup is intact`));
  const listed = (await done({ PATH: process.env.PATH, COLLABRY_BACKUP_URL: `file://${place}` }, ["backups"], "collabry-worker")).output;
  assert.deepEqual(listed.trim().split("\n").map((line) => line.split("\t")[0]), await names());
});

test("backups that lie among the files are not in the next backup", async (t) => {
  const files = await mkdtemp(join(folder, "files-"));
  const other = await empty(t, { COLLABRY_BLOBS_URL: `file://${files}` });
  await done(other.env, ["restore", file]);
  for (let times = 0; times < 2; times += 1) {
    assert.match((await done(other.env, ["backup", join(files, `${times}.tar.gz`)])).output, / and 4 files, /);
  }
});
