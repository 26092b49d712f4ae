// A backup of replicas at work, restored into an empty MongoDB and bucket: a crowd writes all the while, and the checker
// finds nothing missing that was acknowledged before it began, and nothing that could not have been.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";

import { Cluster } from "../cluster/cluster.js";
import { Crowd } from "../cluster/crowd.js";
import { command, done, furnish, portrait, signIn } from "../support/backup.js";
import { Child } from "../support/process.js";
import { until } from "../support/wait.js";

const S3_SERVER = new URL("../../scripts/s3-server.sh", import.meta.url).pathname;

/** An S3-compatible server with the bucket `collabry`. */
async function bucket() {
  const { stdout } = await promisify(execFile)(S3_SERVER);
  const server = new Child(stdout.trim(), [], process.env, { stdin: "pipe" });
  after(() => server.destroy());
  const endpoint = await until("the S3 server listens", () => /^http:\S+(?=\n)/m.exec(server.output)?.[0]);
  return {
    COLLABRY_S3_ENDPOINT: endpoint,
    COLLABRY_S3_ACCESS_KEY_ID: "test",
    COLLABRY_S3_SECRET_ACCESS_KEY: "test",
    COLLABRY_BACKUP_URL: "s3://collabry/backups",
  };
}

const s3 = await bucket();
const cluster = await Cluster.start({ after }, { settings: { ...s3, COLLABRY_BLOBS_URL: "s3://collabry/files" } });
const system = { account: (name) => cluster.account(name) };

test("replicas are copied while a crowd writes", async (t) => {
  const { ada, bob } = await furnish(t, system);
  const before = { ada: await portrait(ada), bob: await portrait(bob) };

  const crowd = new Crowd(t, cluster);
  const rooms = await crowd.rooms(8);
  for (const room of rooms) await crowd.enter(room, 2);
  const owner = Object.fromEntries(rooms.map(({ conversation, accounts }) => [conversation, accounts[0]]));
  let writing = true;
  const writers = crowd.members.map(async (member, n) => {
    for (let count = 0; writing; count += 1) {
      const { id } = await member.send(`Message ${count} of ${n}`);
      if (count % 5 === 1) await member.edit(id, `Edited ${count} of ${n}`);
    }
  });
  const { acked } = crowd.recording;
  await until("everyone has written", () => acked.length > 10 * crowd.members.length);
  const ackedBefore = acked.slice();
  const env = { ...cluster.env, PATH: process.env.PATH };
  const { output } = await done(env, ["backup"], "collabry-worker");
  writing = false;
  await Promise.all(writers);
  const after_ = await stored(owner, cluster.url);
  t.diagnostic(`${output.match(/collabry-.*$/m)[0]}; ${acked.length - ackedBefore.length} messages acknowledged meanwhile`);

  const other = await Cluster.start(t, {
    apis: 1,
    engines: 1,
    settings: { ...s3, COLLABRY_BLOBS_URL: "s3://collabry/restored" },
    fill: (env) => done({ ...env, PATH: process.env.PATH }, ["restore"], "collabry-worker"),
  });
  for (const [name, account] of Object.entries({ ada, bob })) {
    assert.deepEqual(await portrait(await signIn(account, other.url)), before[name]);
  }

  // Without MONGODB_URI it would go into a data folder, which nobody asked for.
  const nowhere = join(tmpdir(), `collabry-nowhere-${process.pid}`);
  const wrong = await command({ ...s3, PATH: process.env.PATH, COLLABRY_DATA_DIR: nowhere }, ["restore"]);
  assert.equal(wrong.code, 1, wrong.output);
  assert.match(wrong.output, /this backup is of MongoDB, but the settings are for SQLite: set MONGODB_URI to an empty database\. Nothing was changed/);
  assert.ok(!existsSync(nowhere));

  const restored = await stored(owner, other.url);
  let meanwhile = 0;
  for (const { conversation } of rooms) {
    const [was, is] = [after_[conversation], restored[conversation]];
    const byId = new Map(was.map((message) => [message.id, message]));
    const head = Math.max(...is.map(({ rev }) => rev));
    for (const message of is) {
      const now = byId.get(message.id);
      assert.ok(now, "nothing is there that never was");
      if (now.rev === message.rev) assert.deepEqual(message, now);
      else assert.ok(now.rev > head, "a conversation is what it was at one moment: who has a later change has all before it");
    }
    const ids = new Set(is.map(({ id }) => id));
    for (const message of was) if (message.rev <= head) assert.ok(ids.has(message.id), `rev ${message.rev} of ${head} is missing`);
    for (const message of ackedBefore.filter((one) => one.conversationId === conversation)) {
      const found = is.find(({ id }) => id === message.id);
      assert.ok(found && found.rev >= message.rev, "what was acknowledged before it began is there");
    }
    meanwhile += is.length - ackedBefore.filter((one) => one.conversationId === conversation && one.rev === one.position).length;
  }
  t.diagnostic(`${Object.values(restored).flat().length} messages restored, ${meanwhile} of them written while it was copied`);
});

/** Every message of every room, as its owner reads it. */
async function stored(owner, url) {
  const read = async ([conversation, account]) => [conversation, await (url === cluster.url ? account : await signIn(account, url)).messages(conversation)];
  return Object.fromEntries(await Promise.all(Object.entries(owner).map(read)));
}
