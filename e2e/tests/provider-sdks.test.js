// What the official clients read of a model server's answer, we read. The fixtures and what is to come of them are those of
// the ai-engine's own tests (`models::fixtures`), which see that it does.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const ROOT = new URL("../..", import.meta.url).pathname;
const FIXTURES = `${ROOT}ai-engine/tests/it/models/fixtures`;

const run = (program, ...args) => execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
const programs = run(`${ROOT}scripts/provider-sdks.sh`).trim();
const read = JSON.parse(run(`${programs}/python`, `${ROOT}e2e/provider-sdks/read.py`, FIXTURES));

for (const dialect of ["openai", "anthropic", "ollama"]) {
  test(`${dialect}: every fixture is read as its official client reads it, or better`, () => {
    const expected = JSON.parse(readFileSync(`${FIXTURES}/${dialect}/expected.json`, "utf8"));
    assert.deepEqual(Object.keys(read[dialect]).sort(), Object.keys(expected).sort());
    for (const [name, { text, sdk = text, sdkFails = false }] of Object.entries(expected)) {
      const theirs = read[dialect][name];
      assert.equal("error" in theirs, sdkFails, `${name}: ${JSON.stringify(theirs)}`);
      if (!sdkFails) assert.equal(theirs.text, sdk, name);
    }
  });
}
