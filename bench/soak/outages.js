// What fails, how it ends, and the alert that has to say so.

import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { restartWithClock } from "../../e2e/cluster/clock.js";

const run = promisify(execFile);

export const PASSWORD = "right";
const BALLAST = "ballast";

/** @typedef {{ cluster: import("../../e2e/cluster/cluster.js").Cluster, redis: import("../../e2e/cluster/stores.js").Redis, gate: import("../../e2e/support/gate.js").Gate, blobs: string }} World */

const configure = ({ port }, name, value) =>
  run("redis-cli", ["-p", String(port), "-a", PASSWORD, "--no-auth-warning", "config", "set", name, value]);

/** Starts Redis again, empty, with this password. */
async function startedWith(redis, password) {
  await redis.lose();
  redis.require(password);
  await redis.start();
}

/** @type {Record<string, { alert: string, begin(world: World): unknown, end(world: World): unknown }>} */
export const OUTAGES = {
  "redis-killed": { alert: "CollabryRedisDown", begin: ({ redis }) => redis.lose(), end: ({ redis }) => redis.start() },
  "redis-frozen": { alert: "CollabryRedisDown", begin: ({ redis }) => redis.pause(), end: ({ redis }) => redis.resume() },
  "redis-mute": {
    alert: "CollabryRedisDown",
    begin: ({ gate }) => void (gate.silent = true),
    end: ({ gate }) => void (gate.silent = false),
  },
  "redis-full": {
    alert: "CollabryRedisFull",
    begin: ({ redis }) => configure(redis, "maxmemory", "1mb"),
    end: ({ redis }) => configure(redis, "maxmemory", "512mb"),
  },
  "redis-refusing": {
    alert: "CollabryRedisDown",
    begin: ({ redis }) => startedWith(redis, "another"),
    end: ({ redis }) => startedWith(redis, PASSWORD),
  },
  "mongodb-frozen": {
    alert: "CollabryDatabaseFails",
    begin: ({ cluster }) => cluster.mongodb?.pause(),
    end: ({ cluster }) => cluster.mongodb?.resume(),
  },
  "api-killed": {
    alert: "CollabryProcessDown",
    begin: ({ cluster }) => cluster.apis[0].kill(),
    end: ({ cluster }) => cluster.apis[0].start(),
  },
  "engine-killed": {
    alert: "CollabryProcessDown",
    begin: ({ cluster }) => cluster.engines[0].kill(),
    end: ({ cluster }) => cluster.engines[0].start(),
  },
  "worker-killed": {
    alert: "CollabryRoleGone",
    begin: ({ cluster }) => cluster.workers[0].kill(),
    end: ({ cluster }) => cluster.workers[0].start(),
  },
  "clock-ahead": {
    alert: "CollabryClockWrong",
    begin: ({ cluster }) => restartWithClock(cluster.engines[1], 12),
    end: ({ cluster }) => cluster.engines[1].restart(),
  },
  "disk-full": {
    alert: "CollabryDiskFull",
    // It ends because there is no room left.
    begin: ({ blobs }) => run("dd", ["if=/dev/zero", `of=${join(blobs, BALLAST)}`, "bs=1M"]).catch(() => undefined),
    end: ({ blobs }) => rm(join(blobs, BALLAST)),
  },
};
