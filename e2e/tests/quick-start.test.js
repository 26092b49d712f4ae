// The quick starts of docs/api.md, run as they stand there.

import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { Server } from "../support/server.js";

const run = promisify(execFile);
const ROOT = new URL("../..", import.meta.url).pathname;

const page = readFileSync(`${ROOT}docs/api.md`, "utf8");

/**
 * The code below a heading.
 * @param {string} heading
 */
function code(heading) {
  const block = page.match(new RegExp(`### ${heading}\n\n\`\`\`\\w+\n(.*?)\`\`\``, "s"));
  assert.ok(block, `docs/api.md has no ${heading}`);
  return block[1];
}

/**
 * Runs a program as a newcomer on a new server.
 * @param {import("node:test").TestContext} t
 * @param {string} program
 * @param {(folder: string) => string[]} args
 */
async function answers(t, program, args) {
  const [server, folder] = await Promise.all([Server.start(t), mkdtemp(join(tmpdir(), "quick-start-"))]);
  t.after(() => rm(folder, { recursive: true, force: true }));
  const settings = { COLLABRY_URL: server.url, COLLABRY_EMAIL: "ada@example.org", COLLABRY_PASSWORD: "correct horse battery" };
  const { stdout } = await run(program, args(folder), { cwd: folder, env: { ...process.env, ...settings } });
  const lines = stdout.trim().split("\n");
  assert.equal(lines[0], "ready", stdout);
  assert.match(stdout, /chlorophyll/);
  assert.match(lines.at(-1) ?? "", /^\[1\] leaves\.txt: Leaves are green because of chlorophyll\./);
}

test("curl", async (t) => {
  await answers(t, "bash", () => ["-euo", "pipefail", "-c", code("curl")]);
});

test("Python", async (t) => {
  const programs = execFileSync(`${ROOT}scripts/api-clients.sh`, { encoding: "utf8" }).trim();
  await answers(t, `${programs}/python`, () => ["-c", code("Python")]);
});

test("TypeScript", async (t) => {
  const web = join(ROOT, "web/node_modules");
  const types = ["--strict", "--lib", "es2023,dom", "--types", "node", "--typeRoots", join(web, "@types")];
  await answers(t, process.execPath, (folder) => {
    const file = join(folder, "start.mts");
    writeFileSync(file, code("TypeScript"));
    execFileSync(join(web, ".bin/tsc"), ["--target", "es2023", "--module", "esnext", "--moduleResolution", "bundler", ...types, file]);
    return [join(folder, "start.mjs")];
  });
});
