// Steady load by k6 while one version is rolled out after the other: its thresholds decide.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { after, test } from "node:test";

import { Stack } from "../docker-tests/support/stack.js";
import { newVersion } from "../docker-tests/support/versions.js";
import { Child } from "../support/process.js";

const ROOT = resolve(import.meta.dirname, "../..");
const DURATION = process.env.DURATION ?? "2m";

// Built before anything is deployed: a build is a load of another kind.
execFileSync(resolve(ROOT, "scripts/go-tool.sh"), ["k6"], { stdio: ["ignore", "ignore", "inherit"] });
const stack = await Stack.prepare({ after });
await stack.build("v1");
await newVersion("v2", "v1");
await stack.deploy("v1");

test("rolling updates there and back under load keep every promise", async (t) => {
  const k6 = new Child(resolve(ROOT, "bench/k6/run.sh"), [stack.url], { ...process.env, DURATION });
  t.after(() => k6.destroy());
  let deploys = 0;
  for (; k6.alive; deploys += 1) {
    const version = deploys % 2 === 0 ? "v2" : "v1";
    await stack.deploy(version);
    await stack.assertServes(version);
  }
  const { code } = await k6.ended;
  t.diagnostic(`${deploys} deploys meanwhile`);
  for (const line of k6.output.split("\n").filter((line) => line.trim() !== "")) t.diagnostic(line);
  assert.equal(code, 0, "no threshold was missed");
  assert.ok(deploys >= 2, "there and back");
});
