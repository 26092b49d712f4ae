// deploy.sh, killed as the out-of-memory killer would.

import assert from "node:assert/strict";

import { until } from "../../support/wait.js";

const TIMEOUT_MS = 300_000;

/** What it says at each of its steps, in their order. */
export const STEPS = [
  /pre-flight: settings/,
  /== release/,
  /== roll ai-engine-2/,
  /== roll api/,
  /api\S+ serves at/,
  /stopping \S+api/,
  /== nginx/,
  /== roll worker/,
  /== smoke test/,
];

/**
 * Starts the deploy of a version, or another command, and kills it as soon as it says something.
 * @param {import("./stack.js").Stack} stack @param {string | string[]} what @param {RegExp} pattern
 * @param {Record<string, string>} [env]
 */
export async function killAt(stack, what, pattern, env) {
  const child = typeof what === "string" ? stack.start([], { VERSION: what, ...env }) : stack.start(what, env);
  await until(`deploy.sh says ${pattern}`, () => {
    assert.ok(child.alive || pattern.test(child.output), child.output);
    assert.doesNotMatch(child.output, /== roll back/);
    return pattern.test(child.output);
  }, TIMEOUT_MS);
  child.child.kill("SIGKILL");
  await child.ended;
}
