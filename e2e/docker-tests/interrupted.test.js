// deploy.sh killed anywhere, started twice, and the whole engine killed under it.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { until } from "../support/wait.js";
import { docker } from "./support/docker.js";
import { ownEngine, startEngine } from "./support/engine.js";
import { Load } from "./support/load.js";
import { Stack } from "./support/stack.js";
import { newVersion } from "./support/versions.js";

const stack = await Stack.prepare({ after });
await stack.ensureImages("v1");
await newVersion("v2", "v1");
await stack.deploy("v1");

/** Starts a deploy and kills it, as the out-of-memory killer would, as soon as it says something. */
async function killAt(version, pattern, env = {}) {
  const child = stack.start([], { VERSION: version, ...env });
  await until(`deploy.sh says ${pattern}`, () => {
    assert.ok(child.alive || pattern.test(child.output), child.output);
    return pattern.test(child.output);
  }, 300_000);
  child.child.kill("SIGKILL");
  await child.ended;
  return child.output;
}

const STEPS = [
  /pre-flight: settings/,
  /== release/,
  /== roll ai-engine-2/,
  /== roll api/,
  /api\S+ serves at/,
  /ends \S+api/,
  /== nginx/,
  /== roll worker/,
  /== smoke test/,
];

test("killed at any step and run again, it converges", async (t) => {
  const load = await Load.start(t, stack);
  for (const [n, step] of STEPS.entries()) {
    const version = n % 2 === 0 ? "v2" : "v1";
    await killAt(version, step);
    await stack.deploy(version);
    await stack.assertServes(version);
    t.diagnostic(`killed at ${step}: ${version} serves`);
  }
  await load.assertUnharmed(t);
});

test("killed and taken back instead, it is as before", async () => {
  const current = STEPS.length % 2 === 1 ? "v2" : "v1";
  const other = current === "v1" ? "v2" : "v1";
  await killAt(other, /api\S+ serves at/);
  const { code, output } = await stack.run(["rollback"]);
  assert.equal(code, 0, output);
  await stack.assertServes(current);
});

test("a second deploy keeps away while one runs", async () => {
  const first = stack.start([], { VERSION: "v1" });
  await until("the first one works", () => first.output.includes("pre-flight"));
  const { code, output } = await stack.run([], { VERSION: "v2" });
  assert.equal(code, 1, output);
  assert.match(output, /another deploy runs \(process \d+\)/);
  const { code: ended } = await first.ended;
  assert.equal(ended, 0, first.output);
  await stack.assertServes("v1");
});

test("more and fewer replicas, and a deploy keeps the number", async (t) => {
  const load = await Load.start(t, stack);
  for (const count of [5, 2]) {
    const { code, output } = await stack.run(["scale", `api=${count}`]);
    assert.equal(code, 0, output);
    await stack.assertServes("v1", count);
  }
  await stack.deploy("v2");
  await stack.assertServes("v2", 2);
  await load.assertUnharmed(t);
});

test("blue-green: one switch, and all old replicas end", async (t) => {
  const load = await Load.start(t, stack);
  const output = await stack.deploy("v1", { MODE: "blue-green" });
  assert.match(output, /switch to 2 new replicas/);
  await stack.assertServes("v1", 2);
  await load.assertUnharmed(t);
});

test("bad settings are found before anything is touched", async () => {
  const before = (await stack.containers()).map(({ Id }) => Id).sort();
  for (const [settings, says] of /** @type {[Record<string, string>, RegExp][]} */ ([
    [{ COLLABRY_MAX_PAGES: "many" }, /COLLABRY_MAX_PAGES/],
    [{ COLLABRY_JWT_SECRET: "changemechangemechangemechangeme" }, /COLLABRY_JWT_SECRET can be guessed/],
    [{ COLLABRY_SERVICE_SECRET: "" }, /COLLABRY_SERVICE_SECRET is not set/],
    [{ REDIS_URL: "redis://:wrong@redis:6379/0" }, /PROBLEM {2}Redis/],
  ])) {
    await stack.configure(settings);
    const { code, output } = await stack.run([], { VERSION: "v2" });
    assert.equal(code, 1, output);
    assert.match(output, says);
  }
  await stack.configure();
  assert.deepEqual((await stack.containers()).map(({ Id }) => Id).sort(), before);
});

test("the engine dies with everything in it, and all comes back without a hand", async (t) => {
  const engine = await ownEngine();
  if (!engine) return t.skip("the Docker engine is not ours to kill: somebody else started it");
  const running = (await stack.containers()).map(({ State }) => State.Pid).filter((pid) => pid > 0);
  await engine.kill(running);
  await until("the engine is gone", () => docker("version").then(() => false, () => true));
  await startEngine();
  await until("every container is healthy", async () => {
    const all = await stack.containers();
    return all.length > 0 && all.every(({ State }) => State.Health?.Status === "healthy");
  }, 180_000);
  await stack.assertServes("v1", 2);
  const { code, output } = await stack.run(["doctor"]);
  assert.equal(code, 0, output);
  assert.match(output, /signed in, uploaded, asked, was answered, deleted/);
});
