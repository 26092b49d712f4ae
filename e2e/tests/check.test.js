// `collabry check` says what is wrong before anything is started: all that `serve` would stumble over, and what is
// probably a mistake.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";

import { freePort } from "../support/ports.js";
import { MODEL_DIR, Server } from "../support/server.js";
import { until } from "../support/wait.js";

const BIN = process.env.COLLABRY_BIN;
const BAD_CONFIG = 64;

const folder = await mkdtemp(join(tmpdir(), "collabry-check-"));
after(() => rm(folder, { recursive: true, force: true }));
const port = await freePort();
/** What `check` looks for of the web client. */
const webDir = join(folder, "web");
await mkdir(webDir);
await writeFile(join(webDir, "index.html"), "");

/** Runs one command of the binary to its end. */
function run(command, settings = {}, bin = BIN) {
  const env = {
    PATH: process.env.PATH,
    COLLABRY_MODEL_DIR: MODEL_DIR,
    COLLABRY_DATA_DIR: join(folder, "data"),
    COLLABRY_BIND: `127.0.0.1:${port}`,
    COLLABRY_WEB_DIR: webDir,
    ...settings,
  };
  const { status, stdout, stderr } = spawnSync(bin, [command], { env, encoding: "utf8", timeout: 60_000 });
  return { status, said: stdout + stderr };
}

/** The line that follows a finding. */
const finding = (said, kind, subject) =>
  said.split("\n").find((line, at, lines) => lines[at - 1]?.startsWith(`${kind.padEnd(8)} ${subject}`))?.trim();

test("a setting that nobody knows is said, with the one that was meant", () => {
  const typos = { COLLABRY_REDIS_CAA: "x", COLABRY_BIND: "0.0.0.0:80", MONGODB_URL: "mongodb://x", COLLABRY_REDIS_UR: "redis://x" };
  const { status, said } = run("check", typos);
  assert.equal(status, 0, said);
  assert.match(finding(said, "NOTE", "COLABRY_BIND"), /did you mean COLLABRY_BIND\?/);
  assert.match(finding(said, "NOTE", "COLLABRY_REDIS_CAA"), /did you mean COLLABRY_REDIS_CA\?/);
  assert.match(finding(said, "NOTE", "MONGODB_URL"), /did you mean MONGODB_URI\?/);
  assert.match(finding(said, "NOTE", "COLLABRY_REDIS_UR"), /did you mean REDIS_URL\?/);
});

test("a file of authorities that is not there is named", () => {
  const ca = join(folder, "nowhere.pem");
  const { status, said } = run("check", { REDIS_URL: "rediss://127.0.0.1:1", COLLABRY_REDIS_CA: ca });
  assert.equal(status, 1, said);
  assert.ok(said.includes(`${ca}: No such file`), said);
});

test("what works and is probably a mistake is said", () => {
  const { said } = run("check", {
    COLLABRY_DEFAULT_MODEL: "ollama/llama3.2",
    COLLABRY_TRUSTED_PROXIES: "0.0.0.0/0",
    COLLABRY_BACKUP_URL: `file://${join(folder, "data", "blobs")}`,
    COLLABRY_SERVICE_SECRET: `"${"a".repeat(40)}"`,
  });
  assert.match(finding(said, "NOTE", "COLLABRY_DEFAULT_MODEL"), /COLLABRY_OLLAMA_URL/);
  assert.match(finding(said, "NOTE", "COLLABRY_TRUSTED_PROXIES"), /trusts every address/);
  assert.match(finding(said, "NOTE", "COLLABRY_BACKUP_URL"), /where the files are/);
  assert.match(finding(said, "NOTE", "COLLABRY_SERVICE_SECRET"), /in quotes/);
  assert.ok(!said.includes("aaaa"), "a secret is never printed");
});

test("check reports backups that are neither encrypted nor signed, and check and serve both refuse an invalid key", () => {
  const made = { COLLABRY_BACKUP_URL: `file://${join(folder, "backups")}` };
  assert.match(finding(run("check", made).said, "NOTE", "COLLABRY_BACKUP_URL"), /neither encrypted nor signed.*collabry backup-key makes the keys/);
  const { stdout } = spawnSync(BIN, ["backup-key", join(folder, "backup.key")], { encoding: "utf8", env: { PATH: process.env.PATH } });
  const keys = Object.fromEntries(stdout.trim().split("\n").map((line) => [line.split("=")[0], line.slice(line.indexOf("=") + 1)]));
  const { COLLABRY_BACKUP_SIGNING_KEY: _, ...encrypted } = keys;
  assert.match(finding(run("check", { ...made, ...encrypted }).said, "NOTE", "COLLABRY_BACKUP_URL"), /backups that are not signed/);
  assert.doesNotMatch(run("check", { ...made, ...keys }).said, /NOTE {5}COLLABRY_BACKUP/);
  for (const command of ["check", "serve"]) {
    const { status, said } = run(command, { ...made, COLLABRY_BACKUP_SIGNING_KEY: keys.COLLABRY_BACKUP_RECIPIENT });
    assert.equal(status, BAD_CONFIG, said);
    assert.match(said, /COLLABRY_BACKUP_SIGNING_KEY: is not a signing key/);
  }
});

test("what is probably a mistake is said in the log of a server, which serves all the same", async (t) => {
  const server = await Server.start(t, { COLABRY_BIND: "0.0.0.0:80", COLLABRY_JWT_SECRET: "changeme".repeat(5) });
  const ada = await server.account("Ada");
  assert.ok(await ada.notebook(), "it serves");
  const warnings = server.output.split("\n").filter((line) => line.includes("WARN"));
  const about = (setting) => warnings.filter((line) => line.includes(setting)).join("\n");
  assert.match(about("COLABRY_BIND"), /did you mean COLLABRY_BIND\?/);
  assert.match(about("COLLABRY_JWT_SECRET"), /can be guessed/);
  assert.ok(!server.output.includes("changeme"), "a secret is never printed");
});

test("a filter of logs that is none is refused by check and by serve alike", () => {
  for (const filter of ["infoo", "info;debug", "collabry_api=debg"]) {
    for (const command of ["check", "serve"]) {
      const { status, said } = run(command, { COLLABRY_LOG: filter });
      assert.equal(status, BAD_CONFIG, `${command} with ${filter}: ${said}`);
      assert.match(said, /COLLABRY_LOG: /);
    }
  }
});

test("a place of backups that cannot be written is a problem for check, and keeps nobody from serving", async (t) => {
  const file = join(folder, "a-file");
  await writeFile(file, "");
  const settings = { COLLABRY_BACKUP_URL: `file://${file}/below` };
  const { status, said } = run("check", settings);
  assert.equal(status, 1, said);
  assert.match(finding(said, "PROBLEM", "place of backups"), /make it writable, or correct COLLABRY_BACKUP_URL/i);
  const server = await Server.start(t, settings);
  const ada = await server.account("Ada");
  assert.ok(await ada.notebook(), "it serves");
});

test("a signing secret that cannot be used is a problem", async () => {
  const data = join(folder, "secret");
  await mkdir(data);
  const secret = join(data, "jwt-secret");
  await writeFile(secret, "", { mode: 0o600 });
  assert.match(finding(run("check", { COLLABRY_DATA_DIR: data }).said, "PROBLEM", "signing secret"), /is damaged/);
  await writeFile(secret, "x".repeat(64));
  await chmod(secret, 0o644);
  assert.match(finding(run("check", { COLLABRY_DATA_DIR: data }).said, "PROBLEM", "signing secret"), /chmod 600/);
});

test("an address that is taken is a problem, for each role, also the internal one", async (t) => {
  const taken = createServer().listen(0, "127.0.0.1");
  t.after(() => taken.close());
  await new Promise((resolve) => taken.once("listening", resolve));
  const bind = `127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (taken.address()).port}`;
  const check = (name, settings) =>
    new Promise((resolve) => {
      const bin = join(dirname(BIN), name);
      const env = {
        PATH: process.env.PATH,
        COLLABRY_MODEL_DIR: MODEL_DIR,
        MONGODB_URI: "mongodb://127.0.0.1:1/x",
        REDIS_URL: "redis://127.0.0.1:1",
        COLLABRY_JWT_SECRET: "Yk3v8Qm2pL0sXw7zRb5nTc1dFg6hJj4a",
        COLLABRY_SERVICE_SECRET: "aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV",
        COLLABRY_ENGINE_URLS: "http://127.0.0.1:1",
        COLLABRY_BLOBS_URL: `file://${folder}/files`,
        ...settings,
      };
      // Not `spawnSync`: who holds the address has to go on answering.
      const child = spawn(bin, ["check"], { env });
      let said = "";
      child.stdout.on("data", (data) => (said += data));
      child.on("close", () => resolve(said));
    });
  for (const [bin, setting] of [
    ["collabry-api", "COLLABRY_BIND"],
    ["collabry-api", "COLLABRY_INTERNAL_BIND"],
    ["collabry-ai-engine", "COLLABRY_ENGINE_BIND"],
    ["collabry-ai-engine", "COLLABRY_INTERNAL_BIND"],
    ["collabry-worker", "COLLABRY_INTERNAL_BIND"],
  ]) {
    const said = await check(bin, { [setting]: bind });
    assert.match(finding(said, "PROBLEM", `address ${bind} (${setting})`) ?? said, /End what listens there/, bin);
    assert.match(said, /127\.0\.0\.1:1 refuses connections\. Start it, or correct MONGODB_URI/);
  }
  const said = await check("collabry-api", {});
  assert.match(finding(said, "NOTE", "ai-engine http://127.0.0.1:1/"), /nothing answers there yet/);
});

test("check beside a server that runs says that it runs", async (t) => {
  const server = await Server.start(t);
  await until("it serves", () => fetch(`${server.url}/ready`).then((answer) => answer.ok));
  const { said } = run("check", { COLLABRY_BIND: new URL(server.url).host });
  assert.match(finding(said, "NOTE", "address"), /a Collabry that runs/);
  assert.equal(finding(said, "NOTE", "COLLABRY_TRUSTED_PROXIES"), undefined);
});

test("check beside a server that runs says that it does not know its proxy", async (t) => {
  const server = await Server.start(t);
  for (const at of [1, 2, 3]) {
    await fetch(`${server.url}/api/auth/me`, { headers: { "x-forwarded-for": `203.0.113.${at}` } });
  }
  const { said } = run("check", { COLLABRY_BIND: new URL(server.url).host });
  assert.match(finding(said, "NOTE", "COLLABRY_TRUSTED_PROXIES"), /^the server that runs: X-Forwarded-For comes from an address that is not in it \(3 requests/);
});
