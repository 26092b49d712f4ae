// One process on a disk that fills up: nothing can be saved meanwhile, and everything works again once there is room.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { freePort } from "../support/ports.js";
import { Server } from "../support/server.js";
import { until } from "../support/wait.js";

const SIZE = "24m";
const BLOCK = Buffer.alloc(64 * 1024, 1);

/** A disk of its own; mounting one takes root. */
async function smallDisk() {
  const folder = await mkdtemp(join(tmpdir(), "collabry-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE},mode=700`, "tmpfs", folder]);
  after(() => execFileSync("umount", ["--lazy", folder]));
  return folder;
}

/** Takes what is left of the disk. */
function fill(folder) {
  const ballast = openSync(join(folder, "ballast"), "w");
  try {
    for (const block of [BLOCK, Buffer.alloc(4096, 1)]) {
      for (;;) {
        try {
          writeSync(ballast, block);
        } catch (error) {
          if (error.code !== "ENOSPC") throw error;
          break;
        }
      }
    }
  } finally {
    closeSync(ballast);
  }
}

const root = process.getuid?.() === 0;

test("a full disk refuses what cannot be saved, and heals when there is room", { skip: root ? false : "needs root, to mount a small disk" }, async () => {
  const folder = await smallDisk();
  const server = new Server(await freePort(), folder, { COLLABRY_MIN_FREE_MB: "0" });
  after(() => server.kill());
  await server.run();
  const ada = await server.account("Ada");
  const conversation = await ada.conversation(await ada.notebook());
  const post = async (content) => {
    const body = { clientId: crypto.randomUUID(), content, ask: false };
    return ada.post(`/api/conversations/${conversation}/messages`, body).then(
      (message) => ({ message }),
      (problem) => ({ problem }),
    );
  };
  const saved = [(await post("before")).message];

  fill(folder);
  // What is in the write-ahead log already has room in it, so that some may still be saved.
  const refused = [];
  for (let n = 0; refused.length < 3; n += 1) {
    const { message, problem } = await post(`meanwhile ${n} ${"x".repeat(8_000)}`);
    if (message) saved.push(message);
    else refused.push(problem);
    assert.ok(n < 1_000, "the disk never became full");
  }
  for (const problem of refused) assert.deepEqual([problem.status, problem.code], [507, "storage_full"]);

  // Nobody is sent to it meanwhile, and people who look are told which disk it is.
  await until("it is not ready", async () => {
    const answer = await fetch(`${server.url}/ready`);
    const blobs = (await answer.json()).dependencies.find(({ name }) => name === "blobs");
    return answer.status === 503 && !blobs.ready && blobs.problem.includes("is full");
  });

  rmSync(join(folder, "ballast"));
  let tries = 0;
  await until("messages are saved again", async () => {
    const { message } = await post(`after ${(tries += 1)}`);
    if (message) saved.push(message);
    return Boolean(message);
  });
  await server.account("Bob");
  await until("it is ready again", () => fetch(`${server.url}/ready`).then((answer) => answer.ok));
  const stored = (await ada.messages(conversation)).map((message) => message.id);
  assert.deepEqual(stored, saved.map((message) => message.id), "what was acknowledged is there, and nothing else");
});
