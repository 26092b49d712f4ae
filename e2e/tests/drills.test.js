// Real processes are made ill in front of a real Prometheus with the alerts that are shipped: each says what is wrong, and
// falls silent when it is over.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";

import { Cluster } from "../cluster/cluster.js";
import { Mongo } from "../cluster/stores.js";
import { Gate } from "../support/gate.js";
import { freePort } from "../support/ports.js";
import { Prometheus } from "../support/prometheus.js";
import { Server } from "../support/server.js";
import { until } from "../support/wait.js";

const run = promisify(execFile);
const TIMEOUT_MS = 120_000;
const folder = await mkdtemp(join(tmpdir(), "collabry-drills-"));
after(() => rm(folder, { recursive: true, force: true }));

// As shipped, but they look back for seconds and wait for one.
const rules = join(folder, "alerts.yml");
const shipped = await readFile(resolve(import.meta.dirname, "../../docker/observability/alerts.yml"), "utf8");
await writeFile(rules, shipped.replaceAll(/for: \w+/g, "for: 1s").replaceAll(/\[\d+m\]/g, "[15s]"));

const backups = join(folder, "backups");
await mkdir(join(folder, "mongodb"));
const mongo = await Mongo.prepare(join(folder, "mongodb"), await freePort());
after(() => mongo.destroy());
await mongo.start();
const gate = await Gate.open({ after }, Number(new URL(mongo.url).port));
const cluster = await Cluster.start({ after }, {
  apis: 1,
  engines: 1,
  mongodb: `mongodb://127.0.0.1:${gate.port}/collabry`,
  settings: { COLLABRY_BACKUP_URL: `file://${backups}`, COLLABRY_MONGODB_TIMEOUT_SECS: "5" },
});
const inside = (parts) => parts.map((part) => part.inside);
const jobs = { "of-some-name": inside(cluster.apis), engines: inside(cluster.engines), workers: inside(cluster.workers) };
const prometheus = await Prometheus.start({ after }, folder, jobs, rules);
const [{ url }] = cluster.apis;
const ada = await cluster.account("Ada", url);
const notebook = await ada.notebook();
const conversation = await ada.conversation(notebook);

// The form with everything in one process has a Prometheus of its own: both together would hide each other's roles.
const disk = await mkdtemp(join(tmpdir(), "collabry-disk-"));
const mounted = await run("mount", ["-t", "tmpfs", "-o", "size=32m", "tmpfs", disk]).then(() => true, () => false);
after(async () => {
  if (mounted) await run("umount", ["-l", disk]);
  await rm(disk, { recursive: true, force: true });
});

const firing = async (alert, by = prometheus) => (await by.query(`ALERTS{alertname="${alert}", alertstate="firing"}`)).length > 0;
const fires = (alert, by = prometheus) => until(`${alert} fires`, () => firing(alert, by), TIMEOUT_MS);
const ends = (alert, by = prometheus) => until(`${alert} is over`, async () => !(await firing(alert, by)), TIMEOUT_MS);

/** Does something again and again, whatever becomes of it, until the alerts have fired. @param {() => Promise<unknown>} act */
async function while_(act, ...alerts) {
  let over = false;
  const acting = (async () => {
    while (!over) await act().catch(() => undefined);
  })();
  await Promise.all(alerts.map((alert) => fires(alert))).finally(() => {
    over = true;
  });
  await acting;
}

const read = () => ada.get(`/api/conversations/${conversation}/messages`);
const ask = (n) => ada.post(`/api/conversations/${conversation}/messages`, { clientId: crypto.randomUUID(), content: `Question ${n}` });

test("a slow database, although nothing fails", { timeout: 300_000 }, async () => {
  gate.delay = 400;
  await while_(read, "CollabryDatabaseSlow");
  gate.delay = 0;
});

test("a database that is away: operations fail, and processes are not ready", { timeout: 300_000 }, async () => {
  await gate.shut();
  await while_(read, "CollabryDatabaseFails", "CollabryNotReady");
  await gate.open();
  await ends("CollabryNotReady");
});

test("a Redis that answers, and refuses to write", { timeout: 300_000 }, async () => {
  const port = new URL(cluster.env.REDIS_URL).port;
  await run("redis-cli", ["-p", port, "config", "set", "maxmemory", "1"]);
  await while_(() => ask("into the void"), "CollabryRedisFails", "CollabryRedisFull");
  assert.ok(!(await firing("CollabryRedisDown")), "it is up");
  await run("redis-cli", ["-p", port, "config", "set", "maxmemory", "512mb"]);
  for (const alert of ["CollabryRedisFails", "CollabryRedisFull"]) await ends(alert);
});

test("a backup that cannot be made", { timeout: 300_000 }, async () => {
  await rm(backups, { recursive: true, force: true });
  await writeFile(backups, "no folder");
  await fires("CollabryBackupFails");
  await rm(backups);
  await mkdir(backups);
  await ends("CollabryBackupFails");
});

test("an engine that was killed, questions that wait for it, and what apis make of it", { timeout: 300_000 }, async () => {
  await cluster.engines[0].kill();
  await Promise.all([fires("CollabryProcessDown"), fires("CollabryRoleGone"), while_(() => ask("for nobody"), "CollabryQuestionsWait", "CollabryEngineLeftAlone")]);
  const [{ metric }] = await prometheus.query('ALERTS{alertname="CollabryRoleGone", alertstate="firing"}');
  assert.equal(metric.role, "ai-engine");
  await cluster.engines[0].start();
  for (const alert of ["CollabryProcessDown", "CollabryRoleGone", "CollabryQuestionsWait"]) await ends(alert);
});

test("one process: its disk is full, it is killed", { timeout: 300_000, skip: !mounted && "only root may make a small disk" }, async (t) => {
  const inside = `127.0.0.1:${await freePort()}`;
  const server = new Server(await freePort(), disk, { COLLABRY_INTERNAL_BIND: inside });
  t.after(() => server.kill());
  await server.run();
  const own = join(folder, "one");
  await mkdir(own);
  const one = await Prometheus.start(t, own, { anything: [inside] }, rules);
  await until("it is scraped", async () => (await one.names()).includes("collabry_build_info"));
  const ballast = join(disk, "ballast");
  await run("dd", ["if=/dev/zero", `of=${ballast}`, "bs=64k"]).catch(() => undefined);
  await fires("CollabryDiskFull", one);
  await rm(ballast);
  // It is all of them.
  await ends("CollabryRoleGone", one);
  await server.kill();
  await Promise.all([fires("CollabryProcessDown", one), fires("CollabryRoleGone", one)]);
});
