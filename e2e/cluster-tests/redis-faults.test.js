// Redis is killed, frozen, silent, full, or refuses, while answers are written: whoever watches one, in whatever way, is
// told all of it, event by event, and its end once. The ways run side by side, each in a small cluster of its own.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { Cluster } from "../cluster/cluster.js";
import { Crowd } from "../cluster/crowd.js";
import { Mongo, Redis } from "../cluster/stores.js";
import { Gate } from "../support/gate.js";
import { freePort } from "../support/ports.js";
import { Provider } from "../support/provider.js";
import { until } from "../support/wait.js";

const OUTAGES_S = [5, 15, 40];
const PASSWORD = "right";
/** Asked before, each with 80 words in three seconds; and one that is longer than the outage. */
const QUESTIONS = 6;
const BETWEEN_QUESTIONS_MS = 350;

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), "collabry-faults-"));
after(() => rm(folder, { recursive: true, force: true }));
/** One server for the documents of all. */
await mkdir(join(folder, "mongodb"));
const mongodb = await Mongo.prepare(join(folder, "mongodb"), await freePort());
after(() => mongodb.destroy());
await mongodb.start();
const provider = await Provider.start({ after });

/**
 * What each way does to Redis, and how it ends.
 * @type {Record<string, { begin(all: World): unknown, end(all: World): unknown, what: string }>}
 * @typedef {{ redis: Redis, gate: Gate, cluster: Cluster }} World
 */
const WAYS = {
  "killed, and empty when it is back": {
    begin: ({ redis }) => redis.lose(), end: ({ redis }) => redis.start(), what: "Redis is away",
  },
  frozen: { begin: ({ redis }) => redis.pause(), end: ({ redis }) => redis.resume(), what: "Redis is away" },
  silent: {
    begin: ({ gate }) => void (gate.silent = true), end: ({ gate }) => void (gate.silent = false), what: "Redis is away",
  },
  full: {
    begin: ({ redis }) => configure(redis, "maxmemory", "1"), end: ({ redis }) => configure(redis, "maxmemory", "512mb"),
    what: "Redis refuses writes",
  },
  "refusing the password": {
    begin: async ({ redis }) => {
      await redis.lose();
      redis.require("wrong");
      await redis.start();
    },
    end: async ({ redis }) => {
      await redis.lose();
      redis.require(PASSWORD);
      await redis.start();
    },
    what: "Redis is away",
  },
};

/** @param {Redis} redis @param {string} name @param {string} value */
const configure = ({ port }, name, value) => {
  return run("redis-cli", ["-p", String(port), "-a", PASSWORD, "--no-auth-warning", "config", "set", name, value]);
};

/** A small cluster with a Redis that asks for a password, behind a door that can fall silent. @returns {Promise<World>} */
async function world(t, name) {
  await mkdir(join(folder, name));
  const redis = new Redis(join(folder, name), await freePort());
  redis.require(PASSWORD);
  t.after(() => redis.destroy());
  await redis.start();
  const gate = await Gate.open(t, redis.port);
  const cluster = await Cluster.start(t, {
    apis: 2, engines: 1, workers: 0,
    redis: `redis://:${PASSWORD}@127.0.0.1:${gate.port}/0`,
    mongodb: mongodb.url.replace(/collabry$/, name),
    settings: provider.settings,
  });
  return { redis, gate, cluster };
}

/** What a process says of itself. @param {{ inside: string }} part @param {string} name */
async function metric({ inside }, name) {
  const text = await (await fetch(`http://${inside}/metrics`)).text();
  return Number(text.match(new RegExp(`^${name} (\\S+)$`, "m"))?.[1]);
}

/** Lines of a process that say this. @param {{ output: string }} part @param {string} what */
const lines = ({ output }, what) => output.split("\n").filter((line) => line.includes(what));

describe("an outage of Redis", { concurrency: true }, () => {
  for (const [n, [how, { begin, end, what }]] of Object.entries(WAYS).entries()) {
    test(how, async (t) => {
      const all = await world(t, `faults${n}`);
      const { cluster } = all;
      const processes = [...cluster.apis, ...cluster.engines];
      for (const seconds of OUTAGES_S) {
        const crowd = new Crowd(t, cluster);
        const [room] = await crowd.rooms(1);
        const members = await crowd.enter(room, 3, { urls: cluster.apis.map((api) => api.url), watch: true });
        const ask = async (tokens, between) => {
          const model = `openai/scripted:tokens=${tokens},between=${between}`;
          const { generationId } = await members[0].send("Tell me everything", { ask: true, model });
          return [crowd.stream(members[1], generationId), crowd.insist(members[2], generationId)];
        };
        const before = processes.map((process) => process.output.length);
        await ask(seconds * 10 + 80, 100);
        for (let n = 0; n < QUESTIONS; n += 1) {
          await ask(80, 40);
          await sleep(BETWEEN_QUESTIONS_MS);
        }
        await begin(all);
        const began = performance.now();
        // Whoever asks meanwhile is answered too.
        await ask(40, 40);
        await until("every process says that it has no Redis", async () => {
          const up = await Promise.all(processes.map((process) => metric(process, "collabry_redis_up")));
          return up.every((value) => value === 0);
        });
        await sleep(Math.max(0, seconds * 1_000 - (performance.now() - began)));
        await end(all);
        await crowd.assertConsistent();
        await until("every process has its Redis again", async () => {
          const up = await Promise.all(processes.map((process) => metric(process, "collabry_redis_up")));
          return up.every((value) => value === 1);
        });
        // Nobody was refused a stream, and none was given up.
        assert.deepEqual(crowd.insistent.flatMap((stream) => stream.refusals), []);
        for (const [n, process] of processes.entries()) {
          const said = { output: process.output.slice(before[n]) };
          assert.equal(lines(said, what).length, 1, `${process.name} says once: ${what}`);
          assert.deepEqual(lines(said, "ERROR"), [], `${process.name} has no errors of its own to tell`);
        }
      }
    });
  }
});
