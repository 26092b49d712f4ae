// Two workers at once: one is paused in the middle of a run until its lease is gone, and goes on later as if nothing was.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { Cluster } from "../cluster/cluster.js";
import { Crowd } from "../cluster/crowd.js";
import { command, done } from "../support/backup.js";
import { Provider } from "../support/provider.js";
import { until } from "../support/wait.js";

const ADMIN = "admin@example.org";
const JOB = "end-generations";
/** Enough to end that a worker can be caught at it. */
const ANSWERS = 60;

const provider = await Provider.start({ after });
const cluster = await Cluster.start({ after }, {
  engines: 1,
  workers: 2,
  settings: { ...provider.settings, COLLABRY_DEFAULT_MODEL: "openai/scripted", COLLABRY_JOB_SCHEDULES: `${JOB}=* * * * * *` },
});
const [engine] = cluster.engines;
const [paused, other] = cluster.workers;

test("each run has one effect, whoever comes back to it", async (t) => {
  const admin = await cluster.admin(ADMIN);
  const job = async () => (await admin.get("/api/admin/jobs")).jobs.find(({ name }) => name === JOB);
  const { leaseSecs } = await job();
  await other.stop();
  const crowd = new Crowd(t, cluster);
  const rooms = await crowd.rooms(6);
  for (const room of rooms) await crowd.enter(room, 2, { watch: true });
  await provider.script(...Array(ANSWERS).fill({ tokens: 10_000, between: 50 }));
  const generations = await Promise.all(Array.from({ length: ANSWERS }, async (_, n) => {
    const asker = crowd.members[n % crowd.members.length];
    const { generationId } = await asker.send(`Question ${n}`, { ask: true });
    crowd.stream(asker, generationId);
    return generationId;
  }));
  // Without any, an answer would be begun again instead of ended.
  const deltas = () => crowd.recording.watchers.map(({ entries }) => entries.filter(({ event }) => event.kind === "delta").length);
  await until("every view of every answer has text", () => deltas().length >= 2 * ANSWERS && deltas().every((count) => count > 5));

  // Nobody but a worker is left to end them.
  await engine.kill();
  const ended = () => crowd.recording.watchers.filter(({ entries }) => entries.some(({ event }) => event.kind === "done")).length;
  await until("the worker is at it", () => ended() > 0);
  paused.pause();
  const left = crowd.recording.watchers.length - ended();
  const stuck = (await job()).runs.find((run) => run.state === "running");
  t.diagnostic(`paused with ${left} of ${crowd.recording.watchers.length} views open, run ${JSON.stringify(stuck)}`);
  assert.ok(stuck, "the worker was in the middle of a run");
  await other.start();
  await Promise.all(crowd.streams.map((stream) => stream.whole()));
  const taken = await until("the run is taken over", async () => {
    const run = (await job()).runs.find(({ slot }) => slot === stuck.slot);
    return run === undefined ? undefined : run.state === "done" && run;
  });
  assert.equal(taken.attempts, stuck.attempts + 1);

  // Far past its lease, with a token that is worth nothing any more.
  paused.resume();
  const { runs: before } = await job();
  await until("slots go on", async () => (await job()).runs.filter(({ slot }) => slot > before[0].slot).length >= 5);
  const { runs } = await job();
  const again = runs.find(({ slot }) => slot === stuck.slot);
  if (again) assert.deepEqual(again, taken, "what was done stays as it was");
  assert.equal(new Set(runs.map(({ slot }) => slot)).size, runs.length, "no slot twice");
  assert.deepEqual(runs.filter(({ state, error }) => state === "failed" || error !== null), []);
  assert.ok(paused.alive && other.alive);
  t.diagnostic(`the lease is ${leaseSecs} s; ${runs.length} runs shown`);

  await crowd.assertConsistent();
  const { messages } = await crowd.stored();
  const answers = Object.values(messages).flat().filter(({ author }) => author.kind === "assistant");
  assert.deepEqual(answers.map(({ generationId }) => generationId).sort(), [...generations].sort(), "one answer each");
  assert.ok(answers.every(({ status }) => status === "interrupted"));
  await engine.start();
});

test("whoever has a shell and no account sees the jobs, runs one, and changes what is logged", async () => {
  const env = { ...cluster.env, PATH: process.env.PATH };
  const listed = await done(env, ["jobs"], "collabry-worker");
  assert.match(listed.output, /^purge-deleted\tnext \d{4}-/m);
  const run = await done(env, ["jobs", "run", "forget-runs"], "collabry-worker");
  assert.match(run.output, /^forget-runs\t.* done$/m);
  const unknown = await command(env, ["jobs", "run", "nothing"], "collabry-worker");
  assert.equal(unknown.code, 1);
  assert.match(unknown.output, /no worker has declared the job nothing/);
  const wrong = await command(env, ["log-level", "infoo"], "collabry-worker");
  assert.equal(wrong.code, 1, wrong.output);
  await done(env, ["log-level", "debug", "--for-secs", "60"], "collabry-worker");
  await until("a process applied it", () => other.output.includes('"DEBUG"'));
  await done(env, ["log-level"], "collabry-worker");
});
