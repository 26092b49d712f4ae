// Clients that generators make of the OpenAPI document, compiled, and set to read what a real server answers.

import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { Server } from "../support/server.js";

const run = promisify(execFile);
const ROOT = new URL("../..", import.meta.url).pathname;

/**
 * A server, and a folder with its document.
 * @param {import("node:test").TestContext} t
 */
async function prepare(t) {
  const [server, folder] = await Promise.all([Server.start(t), mkdtemp(join(tmpdir(), "api-clients-"))]);
  t.after(() => rm(folder, { recursive: true, force: true }));
  const document = await (await fetch(`${server.url}/api/openapi.json`)).text();
  await writeFile(join(folder, "openapi.json"), document);
  return { folder, env: { ...process.env, COLLABRY_URL: server.url } };
}

test("Python: openapi-python-client", async (t) => {
  const programs = execFileSync(`${ROOT}scripts/api-clients.sh`, { encoding: "utf8" }).trim();
  const { folder, env } = await prepare(t);
  const generate = ["generate", "--path", "openapi.json", "--meta", "none", "--output-path", "collabry", "--fail-on-warning"];
  const config = join(folder, "config.yml");
  // Lines of JSON are read as a file.
  await writeFile(config, "post_hooks: []\ncontent_type_overrides:\n  application/x-ndjson: application/octet-stream\n");
  await run(`${programs}/openapi-python-client`, [...generate, "--config", config], { cwd: folder });
  const { stdout } = await run(`${programs}/python`, [`${ROOT}e2e/api-clients/read.py`], { cwd: folder, env: { ...env, PYTHONPATH: folder } });
  assert.match(stdout, /everything was read/);
});

test("TypeScript: @hey-api/openapi-ts", async (t) => {
  const { folder, env } = await prepare(t);
  await symlink(`${ROOT}e2e/node_modules`, join(folder, "node_modules"));
  const generator = `${ROOT}e2e/node_modules/.bin/openapi-ts`;
  await run(generator, ["--input", "openapi.json", "--output", "collabry"], { cwd: folder });
  await run("cp", [`${ROOT}e2e/api-clients/read.ts`, folder]);
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  const tsc = `${ROOT}e2e/node_modules/typescript/bin/tsc`;
  const options = ["--strict", "--target", "ES2022", "--module", "ESNext", "--moduleResolution", "bundler", "--skipLibCheck"];
  await run(process.execPath, [tsc, ...options, "--lib", "ES2022,DOM,DOM.Iterable", "--noEmit", "read.ts"], { cwd: folder });
  assert.ok(env);
});
