// Replicas under all kinds of traffic while everything that can fail does, one thing after the other:
// `node bench/soak.js [--minutes 30] [outage …]`; needs root for the full disk.
//
// Outages come one after the other, each until its alert has fired, and traffic goes on until the time is over. Prints
// per outage which alert saw it and after how long, then what the checker says of every message and every answer (lost,
// duplicated, incomplete), and the slope of each process's memory. Exit code 1 when anything is wrong.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs, promisify } from "node:util";

import { Alerts } from "./soak/alerts.js";
import { Memory } from "./soak/memory.js";
import { OUTAGES, PASSWORD } from "./soak/outages.js";
import { Traffic } from "./soak/traffic.js";
import { Cluster } from "../e2e/cluster/cluster.js";
import { Redis } from "../e2e/cluster/stores.js";
import { Gate } from "../e2e/support/gate.js";
import { freePort } from "../e2e/support/ports.js";
import { Provider } from "../e2e/support/provider.js";

/** An outage lasts until its alert has fired, which takes as long as the alert waits and half a minute; at most this. */
const OUTAGE_MS = 420_000;
/** It goes on a little when it has been seen, and then all has this long to be well again. */
const SEEN_MS = 5_000;
const RECOVERY_MS = 30_000;
const QUIET_MS = 30_000;
/** More than the free space that the alert asks for. */
const DISK = "1200m";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { minutes: { type: "string", default: "30" } } });
const wanted = Object.entries(OUTAGES).filter(([name]) => positionals.length === 0 || positionals.includes(name));
const enough = performance.now() + Number(values.minutes) * 60_000;

const undo = [];
const scope = { after: (fn) => undo.unshift(fn) };
const say = (text) => process.stdout.write(`${text}\n`);
let bad = 0;

try {
  const folder = await mkdtemp(join(tmpdir(), "collabry-soak-"));
  scope.after(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, "redis"));
  const redis = new Redis(join(folder, "redis"), await freePort());
  redis.require(PASSWORD);
  scope.after(() => redis.destroy());
  await redis.start();
  const gate = await Gate.open(scope, redis.port);
  const provider = await Provider.start(scope);
  const blobs = join(folder, "blobs");
  await mkdir(blobs);
  await promisify(execFile)("mount", ["-t", "tmpfs", "-o", `size=${DISK}`, "tmpfs", blobs]);
  scope.after(() => promisify(execFile)("umount", ["-l", blobs]));
  const cluster = await Cluster.start(scope, {
    apis: 3,
    engines: 2,
    redis: `redis://:${PASSWORD}@127.0.0.1:${gate.port}/0`,
    settings: {
      ...provider.settings,
      COLLABRY_DEFAULT_MODEL: "openai/scripted:tokens=80,between=40",
      COLLABRY_BLOBS_URL: `file://${blobs}`,
    },
  });
  const alerts = await Alerts.start(scope, join(folder, "prometheus"), cluster, resolve(import.meta.dirname, "../docker/observability/alerts.yml"));
  const world = { cluster, redis, gate, blobs };
  const memory = new Memory(cluster);
  const traffic = await Traffic.start(scope, cluster);

  await sleep(QUIET_MS);
  for (const [name, { alert, begin, end }] of wanted) {
    const seen = alerts.watch(alert);
    say(`${name}: begins`);
    await begin(world);
    const after = await Promise.race([seen, sleep(OUTAGE_MS, undefined)]);
    await sleep(SEEN_MS);
    await end(world);
    say(`${name}: ${after === undefined ? `NOT SEEN by ${alert}` : `${alert} after ${(after / 1000).toFixed(0)} s`}`);
    if (after === undefined) bad += 1;
    await sleep(RECOVERY_MS);
  }
  await sleep(Math.max(QUIET_MS, enough - performance.now()));

  await traffic.stop();
  try {
    await traffic.crowd.assertConsistent();
    say("checker: nothing lost, nothing duplicated, nothing incomplete");
  } catch (error) {
    bad += 1;
    say(`checker: ${error.message}`);
  }
  say(traffic.summary());
  for (const line of memory.slopes()) say(line);
  memory.stop();
} finally {
  for (const fn of undo) await fn();
}
process.exit(bad === 0 ? 0 : 1);
