// `make cluster` beside what is there already: it says what is in the way, and ends.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";

import { take } from "../cluster/lock.js";
import { Child } from "../support/process.js";
import { freePort } from "../support/ports.js";
import { within } from "../support/wait.js";

const MAIN = resolve(import.meta.dirname, "../cluster/main.js");

/** @param {Record<string, string>} env */
async function start(t, env) {
  const child = new Child(process.execPath, [MAIN], { PATH: process.env.PATH, COLLABRY_BIN: process.env.COLLABRY_BIN, COLLABRY_MODEL_DIR: process.env.COLLABRY_MODEL_DIR, ...env }, { group: true });
  t.after(() => child.destroy());
  const { code } = await within(child.ended, "its end", 60_000);
  return { code, output: child.output };
}

async function folder(t) {
  const path = await mkdtemp(join(tmpdir(), "collabry-cluster-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

test("another cluster on the port is named, and nobody is told that it is ready", async (t) => {
  const other = createServer((_, answer) => answer.end('{"status":"ok"}'));
  t.after(() => other.close());
  await new Promise((listening) => other.listen(0, "127.0.0.1", () => listening(undefined)));
  const port = String(other.address().port);
  const { code, output } = await start(t, { COLLABRY_CLUSTER_PORT: port, COLLABRY_CLUSTER_DIR: await folder(t) });
  assert.equal(code, 1, output);
  assert.match(output, new RegExp(`port ${port} is taken: end what listens there, or choose another one \\(COLLABRY_CLUSTER_PORT\\)`));
  assert.doesNotMatch(output, /ready/);
});

test("a folder that another cluster uses is named", async (t) => {
  const used = await folder(t);
  await take(used);
  const { code, output } = await start(t, { COLLABRY_CLUSTER_PORT: String(await freePort()), COLLABRY_CLUSTER_DIR: used });
  assert.equal(code, 1, output);
  assert.match(output, /another cluster uses \/.*: end it, or choose another folder \(COLLABRY_CLUSTER_DIR\)/);
  assert.doesNotMatch(output, /ready|MVStore/);
});
