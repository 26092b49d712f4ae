// What deploy.sh says before it touches anything. No image of ours is needed for it.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";

import { freePorts } from "../support/ports.js";
import { Child } from "../support/process.js";
import { within } from "../support/wait.js";
import { docker, lines } from "./support/docker.js";
import { BASE_IMAGE, ROLES } from "./support/stack.js";

const ROOT = resolve(import.meta.dirname, "../..");
const NO_ENGINE = { DOCKER_HOST: "unix:///nonexistent/docker.sock" };

/** deploy.sh of an installation that is nowhere yet. */
async function installation(t) {
  const folder = await mkdtemp(join(tmpdir(), "collabry-preflight-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const [http, https] = await freePorts(2);
  const settings = {
    COLLABRY_JWT_SECRET: "a".repeat(32), COLLABRY_SERVICE_SECRET: "b".repeat(32), REDIS_PASSWORD: "c", MONGODB_PASSWORD: "d",
    COLLABRY_HTTP_PORT: String(http), COLLABRY_HTTPS_PORT: String(https),
  };
  /** @param {Record<string, string>} more of `.env` @param {string[]} [args] @param {Record<string, string>} [env] */
  const run = async (more, args = [], env = {}) => {
    const set = Object.entries({ ...settings, ...more }).filter(([, value]) => value !== "").map(([name, value]) => `${name}=${value}\n`);
    await writeFile(join(folder, ".env"), set.join(""));
    const child = new Child(join(ROOT, "deploy.sh"), args, {
      PATH: process.env.PATH, HOME: process.env.HOME, ENV_FILE: join(folder, ".env"), COLLABRY_STATE_DIR: join(folder, "state"),
      COLLABRY_PROJECT: `collabry-preflight-${process.pid}`, COLLABRY_MIN_DISK_GB: "0", BUILD: "no", VERSION: "v-none", ...env,
    });
    const { code } = await within(child.ended, "deploy.sh", 60_000);
    return { code, output: child.output };
  };
  return { folder, run, http, https };
}

/** Images of a version whose roles say what a real `check` says, and of which the last one asked stops the deploy. */
async function speaking(t, folder, version) {
  const said = ["ok       configuration", "NOTE     COLLABRY_RETENTION_DAY", "         is not known and does nothing; did you mean COLLABRY_RETENTION_DAYS?", "NOTE     ai-engine http://ai-engine-1:5100/", "         nothing answers there yet. Start it, or correct COLLABRY_ENGINE_URLS."];
  const problem = ["PROBLEM  database", "         nothing answers. Start it"];
  await writeFile(join(folder, "said"), `#!/bin/sh\ncat <<'END'\n${said.join("\n")}\nEND\n`, { mode: 0o755 });
  await writeFile(join(folder, "wrong"), `#!/bin/sh\ncat <<'END'\n${[...said, ...problem].join("\n")}\nEND\nexit 1\n`, { mode: 0o755 });
  await writeFile(join(folder, "Dockerfile"), `FROM ${BASE_IMAGE}\nARG SCRIPT\nCOPY $SCRIPT /check\nENTRYPOINT ["/check"]\n`);
  for (const role of ROLES) await docker("build", "-q", "-t", `collabry/${role}:${version}`, "--build-arg", `SCRIPT=${role === "worker" ? "wrong" : "said"}`, folder);
  const project = `collabry-preflight-${process.pid}`;
  t.after(async () => {
    for (const kind of ["network", "volume"]) {
      const found = await lines(kind, "ls", "-q", "--filter", `label=com.docker.compose.project=${project}`);
      if (found.length > 0) await docker(kind, "rm", ...found);
    }
    await docker("rmi", ...ROLES.flatMap((role) => [`collabry/${role}:${version}`]), ...(await lines("images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", `reference=${project}/*`)));
  });
}

test("without a Docker engine nothing is said to be well", async (t) => {
  const { run } = await installation(t);
  for (const args of [["status"], ["logs"], ["scale", "api=2"], ["front"], ["backup"], ["backups"], ["verify"], ["rollback"], ["doctor"], []]) {
    const { code, output } = await run({}, args, NO_ENGINE);
    assert.equal(code, 1, `${args}: ${output}`);
    assert.match(output, /no Docker engine answers; start it/, String(args));
    assert.doesNotMatch(output, /^release/m);
  }
  assert.equal((await run({}, ["help"], NO_ENGINE)).code, 0);
});

/** Past the pre-flight of the machine there are no images. */
const ON = /there is no image collabry\/api:v-none/;

test("a port that is taken is named before anything is started", async (t) => {
  const { run, http } = await installation(t);
  assert.match((await run({})).output, ON);
  const other = createServer();
  t.after(() => other.close());
  await new Promise((listening) => other.listen(http, "127.0.0.1", () => listening(undefined)));
  const { code, output } = await run({});
  assert.equal(code, 1, output);
  assert.match(output, new RegExp(`port ${http} is in use.*; stop the program that listens there, or set COLLABRY_HTTP_PORT in .*\\.env to another port`));
  assert.doesNotMatch(output, ON);
});

test("with a certificate the sign-in cookie is for TLS only", async (t) => {
  const { run } = await installation(t);
  const tls = { NGINX_CERTIFICATE: "/etc/collabry/tls/c.pem", NGINX_CERTIFICATE_KEY: "/etc/collabry/tls/k.pem" };
  const set = await run(tls);
  assert.match(set.output, /nginx has a certificate: COLLABRY_SECURE_COOKIES=true/);
  assert.match(set.output, ON);
  const refused = await run({ ...tls, COLLABRY_SECURE_COOKIES: "false" });
  assert.equal(refused.code, 1);
  assert.match(refused.output, /nginx has a certificate, but COLLABRY_SECURE_COOKIES is not true/);
  assert.doesNotMatch(refused.output, ON);
  assert.match((await run({ ...tls, NGINX_CERTIFICATE_KEY: "" })).output, /NGINX_CERTIFICATE is set in .*, but NGINX_CERTIFICATE_KEY is not/);
  assert.match((await run({})).output, /Set COLLABRY_SECURE_COOKIES in .*: true if something in front terminates TLS, false if there is no TLS/);
  assert.match((await run({ COLLABRY_SECURE_COOKIES: "true" })).output, ON);
});

test("localhost of a container is told from this machine", async (t) => {
  const { run } = await installation(t);
  for (const name of ["COLLABRY_OLLAMA_URL", "COLLABRY_OPENAI_URL", "OTEL_EXPORTER_OTLP_ENDPOINT"]) {
    for (const url of ["http://localhost:11434", "http://127.0.0.1:8080/v1", "http://[::1]:4318"]) {
      assert.match((await run({ [name]: url })).output, new RegExp(`PROBLEM ${name}: localhost is the container itself.*host\\.docker\\.internal`), url);
    }
  }
  assert.doesNotMatch((await run({ COLLABRY_OLLAMA_URL: "http://host.docker.internal:11434" })).output, /PROBLEM/);
});

test("files that are there are not written over, and what is missing is said", async (t) => {
  const { folder, run } = await installation(t);
  const there = join(folder, "there");
  await writeFile(there, "mine");
  for (const args of [["backup-key", there], ["settings", there]]) {
    const { code, output } = await run({}, args);
    assert.equal(code, 1, output);
    assert.match(output, /already exists/, String(args));
  }
  assert.equal(await readFile(there, "utf8"), "mine");
  assert.match((await run({}, ["restore", join(folder, "missing")])).output, /there is no .*missing/);
  const which = await run({}, ["restore"]);
  assert.equal(which.code, 64);
  assert.match(which.output, /name a FILE: COLLABRY_BACKUP_URL is not set/);
  await assert.rejects(stat(join(folder, "there.unfinished")));
});

test("secrets that do more harm than they have to are named", async (t) => {
  const { run } = await installation(t);
  const both = await run({ COLLABRY_BACKUP_SECRET_KEY: "opens-backups" });
  assert.match(both.output, /NOTE MONGODB_ROOT_PASSWORD is not set in .*\.env, so the programs run as MongoDB's root/);
  assert.match(both.output, /NOTE COLLABRY_BACKUP_SECRET_KEY is in .*\.env: anyone who takes over this machine can read the backups too/);
  assert.ok(!both.output.includes("opens-backups"));
  assert.match(both.output, ON);
  for (const better of [{ MONGODB_ROOT_PASSWORD: "e" }, { MONGODB_URI: "mongodb://mongodb.example.org/collabry" }]) {
    assert.doesNotMatch((await run(/** @type {Record<string, string>} */ (better))).output, /NOTE/);
  }
});

test("what is probably a mistake is shown once, and keeps nobody from going on", async (t) => {
  const { folder, run, http } = await installation(t);
  const version = `notes-${process.pid}`;
  await speaking(t, folder, version);
  const extra = join(folder, "extra.yml");
  await writeFile(extra, 'services: { api: { labels: { mine: "${MINE:-}" } } }\n');
  const { code, output } = await run({
    REDIS_URL: "redis://redis.example.org", MONGODB_URI: "mongodb://mongodb.example.org/collabry", COLLABRY_FRONTEND_SUBNET: `172.16.${http % 250}.0/24`,
    COLLABRY_RETENTION_DAY: "3", MONGO_PASSWORD: "x", HTTPS_PROXY: "http://proxy:3128", MINE: "1", "export COLLABRY_LOG": "debug",
  }, [], { VERSION: version, COLLABRY_COMPOSE_EXTRA: extra });
  assert.equal(code, 1, output);
  // Said by two roles that went on, and by one that did not.
  assert.match(output, /the pre-flight of worker found/);
  assert.equal(output.match(/^ {3}NOTE {5}COLLABRY_RETENTION_DAY\n {12}is not known and does nothing; did you mean COLLABRY_RETENTION_DAYS\?$/gm)?.length, 1, output);
  // Those that `check` does not take for settings of ours.
  assert.match(output, /^ {3}NOTE {5}MONGO_PASSWORD\n {12}is in .*\.env but is not a known setting/m);
  assert.match(output, /NOTE settings in .*\.env are NAME=value.*: line \d+$/m);
  assert.deepEqual([...output.matchAll(/^ {3}NOTE {5}(\w+)$/gm)].map(([, name]) => name), ["COLLABRY_RETENTION_DAY", "MONGO_PASSWORD"]);
  assert.ok(!output.includes("debug"), "values are not printed");
  const [shown] = output.split("the pre-flight of worker found");
  assert.doesNotMatch(shown, /^ {3}NOTE {5}ai-engine/m, "a first deploy starts them after this");
});
