// deploy.sh killed anywhere and then run to its end, or taken back; other numbers of replicas; blue-green.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { killAt, STEPS } from "./support/kill.js";
import { Load } from "./support/load.js";
import { Stack } from "./support/stack.js";
import { badVersion, newVersion } from "./support/versions.js";

const stack = await Stack.prepare({ after });
await stack.build("v1");
await newVersion("v2", "v1");
await stack.deploy("v1");
/** What serves, and what is rolled out next. */
let [serving, next] = ["v1", "v2"];
const swap = () => ([serving, next] = [next, serving]);

test("killed at any step and run again to its end, it converges", async (t) => {
  const load = await Load.start(t, stack);
  for (const step of STEPS) {
    await killAt(stack, next, step);
    await stack.deploy(next);
    await stack.assertServes(next);
    swap();
    t.diagnostic(`killed at ${step}: ${serving} serves`);
  }
  await load.assertUnharmed(t);
});

test("killed and taken back instead, it is as before", async () => {
  await killAt(stack, next, /api\S+ serves at/);
  const back = await stack.run(["rollback"]);
  assert.equal(back.code, 0, back.output);
  await stack.assertServes(serving);
});

test("a way back that was killed goes on to where it went", async () => {
  await stack.deploy(next);
  swap();
  await killAt(stack, ["rollback"], /== roll api/);
  const { code, output } = await stack.run(["rollback"]);
  assert.equal(code, 0, output);
  await stack.assertServes(next);
  swap();
});

test("more and fewer replicas, and a deploy keeps the number", async (t) => {
  const load = await Load.start(t, stack);
  for (const count of [5, 2]) {
    const { code, output } = await stack.run(["scale", `api=${count}`]);
    assert.equal(code, 0, output);
    await stack.assertServes(serving, count);
  }
  await stack.deploy(next);
  await stack.assertServes(next, 2);
  swap();
  await load.assertUnharmed(t);
});

test("blue-green: one switch, and all old replicas end", async (t) => {
  const load = await Load.start(t, stack);
  const output = await stack.deploy(next, { MODE: "blue-green" });
  assert.match(output, /switch to 2 new replicas/);
  await stack.assertServes(next, 2);
  swap();
  await load.assertUnharmed(t);
});

test("blue-green: new replicas that fail the whole job are switched away from", async (t) => {
  await badVersion("fails-smoke", serving);
  const load = await Load.start(t, stack);
  const env = { VERSION: "fails-smoke", MODE: "blue-green", COLLABRY_READY_SECS: "30" };
  const { code, output } = await stack.run([], env);
  assert.equal(code, 2, output);
  assert.match(output, /== api: switch back/);
  await stack.assertServes(serving, 2);
  await load.assertUnharmed(t);
});

test("blue-green killed before and after its switch converges, by the other way as well", async () => {
  await killAt(stack, next, /== api: blue-green/, { MODE: "blue-green" });
  await killAt(stack, next, /== api: switch to/, { MODE: "blue-green" });
  await stack.deploy(next);
  await stack.assertServes(next, 2);
  swap();
});
