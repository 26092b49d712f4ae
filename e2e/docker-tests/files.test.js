// What is shipped beside the code says what the code does.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { runInNewContext } from "node:vm";

const ROOT = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);
const read = (/** @type {string} */ path) => readFile(join(ROOT, path), "utf8");

const COMPOSE_FILES = ["docker/compose.yml", "docker/compose.dev.yml", "docker/compose.observability.yml", "docker/compose.machine.yml"];
/** What deploy.sh gives Compose. */
const BETWEEN_THEM = /^COLLABRY_(RELEASE|ENV_FILE|\w+_IMAGE)$/;

/** A `.env` with what nothing starts without. */
const LEAST = "REDIS_PASSWORD=a\nMONGODB_PASSWORD=b\nGRAFANA_PASSWORD=c\nCOLLABRY_JWT_SECRET=j\nCOLLABRY_SERVICE_SECRET=s\n";
const KEYS = "COLLABRY_OPENAI_API_KEY=o\nCOLLABRY_ANTHROPIC_API_KEY=n\nCOLLABRY_BACKUP_SIGNING_KEY=k\n";
/** Of who is told of alerts, and of MongoDB's root. */
const OTHERS = "MONGODB_ROOT_PASSWORD=r\nALERT_WEBHOOK=w\nALERT_SMTP_USER=u\nALERT_SMTP_PASSWORD=p\n";

/** Names and defaults in `.env.example`, of the processes and of what is around them. */
async function example() {
  const [processes, around] = (await read(".env.example")).split("# --- ");
  const settings = (/** @type {string} */ text) => new Map(
    [...text.matchAll(/^#([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  );
  return { processes: settings(processes), around: settings(around) };
}

const sorted = (/** @type {Iterable<string>} */ names) => [...new Set(names)].sort();

test(".env.example names every variable of Compose and deploy.sh, and no other", async () => {
  const { processes, around } = await example();
  const scripts = (await readdir(join(ROOT, "scripts/deploy"))).map((name) => `scripts/deploy/${name}`);
  const used = [];
  for (const file of COMPOSE_FILES) used.push(...(await read(file)).matchAll(/(?<!\$)\$\{([A-Z][A-Z0-9_]*)/g));
  for (const file of scripts) used.push(...(await read(file)).matchAll(/\bsetting(?:_of_file)? ([A-Z][A-Z0-9_]*)/g));
  // Asked for in loops.
  used.push(...(await read("scripts/deploy/images.sh")).matchAll(/\b((?:RUST|NODE)_IMAGE|APT_MIRROR|CARGO_MIRROR|NPM_REGISTRY|PIP_INDEX_URL)\b/g));
  const names = used.map(([, name]) => name).filter((name) => !BETWEEN_THEM.test(name) && !processes.has(name));
  assert.deepEqual(sorted(around.keys()), sorted(names));
});

test(".env.example shows the defaults of Compose and deploy.sh", async () => {
  const { around } = await example();
  const scripts = (await readdir(join(ROOT, "scripts/deploy"))).map((name) => `scripts/deploy/${name}`);
  for (const file of COMPOSE_FILES) {
    for (const [, name, value] of (await read(file)).matchAll(/\$\{([A-Z][A-Z0-9_]*):-([^}]*)\}/g)) {
      if (around.has(name)) assert.equal(around.get(name), value, `${name} in ${file}`);
    }
  }
  for (const file of scripts) {
    for (const [, name, value] of (await read(file)).matchAll(/\$\(setting ([A-Z][A-Z0-9_]*) ([^)"$]+)\)/g)) {
      if (around.has(name)) assert.equal(around.get(name), value, `${name} in ${file}`);
    }
  }
});

test("the Dockerfile's base images are the ones of .env.example", async () => {
  const { around } = await example();
  for (const [, name, value] of (await read("docker/Dockerfile")).matchAll(/^ARG ((?:BASE|RUST|NODE)_IMAGE|BINARIES)=(.+)$/gm)) {
    assert.equal(around.get(name), value, name);
  }
});

test("each Compose file is named where people look for it", async () => {
  const pages = ["CONTRIBUTING.md", "docs/operations.md"];
  const text = (await Promise.all(pages.map(read))).join("\n");
  assert.deepEqual(COMPOSE_FILES.filter((file) => !text.includes(file)), []);
  const [command] = /docker compose --env-file \.env -f .* up --build/.exec(await read("docker/compose.dev.yml")) ?? [];
  assert.ok(command && text.includes(command), "with the command of its first lines");
});

test("Compose accepts all files together", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "collabry-compose-"));
  t.after(() => rm(folder, { recursive: true }));
  const env = join(folder, ".env");
  await writeFile(env, LEAST);
  const kinds = [["docker-compose"], ["docker", "compose"]];
  let accepted = 0;
  for (const [program, ...before] of kinds) {
    const there = await run(program, [...before, "version"]).then(() => true, () => false);
    if (!there) {
      t.diagnostic(`${[program, ...before].join(" ")} is not installed: not checked with it`);
      continue;
    }
    for (const files of [COMPOSE_FILES.slice(0, 1), COMPOSE_FILES]) {
      const args = [...before, "--env-file", env, ...files.flatMap((file) => ["-f", join(ROOT, file)]), "config", "--quiet"];
      await run(program, args, { env: { ...process.env, COLLABRY_ENV_FILE: env } });
    }
    accepted += 1;
  }
  assert.ok(accepted > 0, "no Compose is installed");
});

/** Each service as Compose reads it, as text. @param {string} env @param {string[]} files */
async function services(env, files) {
  const args = ["--env-file", env, ...files.flatMap((file) => ["-f", join(ROOT, file)]), "config"];
  const options = { env: { PATH: process.env.PATH, HOME: process.env.HOME, COLLABRY_ENV_FILE: env } };
  const [program, ...before] = await run("docker", ["compose", "version"]).then(() => ["docker", "compose"], () => ["docker-compose"]);
  const config = (await run(program, [...before, ...args], options)).stdout;
  const [found] = config.split(/^(?:networks|volumes):$/m).filter((part) => /^services:$/m.test(part));
  return found.split(/^ {2}(?=[\w-]+:$)/m);
}

test("by hand, as its first lines say, every role has what it needs", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "collabry-compose-"));
  t.after(() => rm(folder, { recursive: true }));
  const env = join(folder, ".env");
  const [, files] = /docker compose --env-file \.env (-f .*) up --build/.exec(await read("docker/compose.dev.yml")) ?? [];
  const named = files.split(" ").filter((word) => word !== "-f");
  await writeFile(env, LEAST.replace("GRAFANA_PASSWORD=c\n", ""));
  const parts = await services(env, named);
  for (const role of ["api", "ai-engine-1", "worker"]) {
    const part = parts.find((text) => text.startsWith(`${role}:\n`)) ?? "";
    assert.match(part, /MONGODB_URI: ['"]?mongodb:\/\/collabry:b@mongodb:27017\/collabry\?/, role);
    assert.match(part, /REDIS_URL: ['"]?redis:\/\/:a@redis:6379/, role);
    assert.match(part, /condition: service_healthy/, `${role} waits for the stores`);
  }
  for (const name of ["REDIS_PASSWORD", "MONGODB_PASSWORD", "COLLABRY_JWT_SECRET", "COLLABRY_SERVICE_SECRET"]) {
    await writeFile(env, LEAST.replace(new RegExp(`^${name}=.*\n`, "m"), ""));
    await assert.rejects(services(env, named), new RegExp(`${name}[^]*set it in \\.env`), name);
  }
});

test("secrets reach whoever uses them, and nobody else", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "collabry-compose-"));
  t.after(() => rm(folder, { recursive: true }));
  const env = join(folder, ".env");
  const all = LEAST + KEYS + OTHERS;
  await writeFile(env, all);
  const parts = await services(env, COMPOSE_FILES.filter((file) => !file.includes("dev")));
  const uses = {
    COLLABRY_JWT_SECRET: ["api"],
    COLLABRY_SERVICE_SECRET: ["api", "ai-engine-1", "ai-engine-2"],
    REDIS_PASSWORD: ["redis"],
    MONGODB_PASSWORD: [],
    MONGODB_ROOT_PASSWORD: ["mongodb"],
    GRAFANA_PASSWORD: [],
    ALERT_WEBHOOK: ["alertmanager"],
    ALERT_SMTP_USER: ["alertmanager"],
    ALERT_SMTP_PASSWORD: ["alertmanager"],
    COLLABRY_OPENAI_API_KEY: ["ai-engine-1", "ai-engine-2"],
    COLLABRY_ANTHROPIC_API_KEY: ["ai-engine-1", "ai-engine-2"],
    COLLABRY_BACKUP_SIGNING_KEY: ["worker"],
  };
  for (const [name, who] of Object.entries(uses)) {
    const value = new RegExp(`^${name}=(.*)$`, "m").exec(all)[1];
    const has = parts.filter((text) => new RegExp(`^ +${name}: ['"]?${value}['"]?$`, "m").test(text)).map((text) => text.split(":")[0]);
    assert.deepEqual(has.filter((service) => service !== "collabry").sort(), [...who].sort(), name);
  }
  const redis = parts.find((text) => text.startsWith("redis:\n")) ?? "";
  assert.match(redis, /user: ['"]?10001:10001/);
  assert.match(redis, /cap_drop:\n\s+- ALL/);
  for (const role of ["api", "ai-engine-1", "worker"]) {
    assert.match(parts.find((text) => text.startsWith(`${role}:\n`)) ?? "", /host\.docker\.internal[:=]host-gateway|host\.docker\.internal: host-gateway/, role);
  }
});

/** Compose files, interpolated with settings, as objects. @param {string} env @param {string[]} files */
async function parsed(env, files) {
  const toJson = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
  const args = ["--env-file", env, ...files.flatMap((file) => ["-f", join(ROOT, file)]), "config"];
  const options = { env: { PATH: process.env.PATH, HOME: process.env.HOME, COLLABRY_ENV_FILE: env } };
  const [program, ...before] = await run("docker", ["compose", "version"]).then(() => ["docker", "compose"], () => ["docker-compose"]);
  const file = join(env, "../config.yml");
  await writeFile(file, (await run(program, [...before, ...args], options)).stdout);
  return JSON.parse((await run("python3", ["-c", toJson, file])).stdout);
}

test("no secret stands among arguments, which everybody on the machine may list", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "collabry-compose-"));
  t.after(() => rm(folder, { recursive: true }));
  const env = join(folder, ".env");
  const secret = (/** @type {string} */ name) => `secret-of-${name}`;
  const names = [...(LEAST + KEYS + OTHERS).matchAll(/^(\w+)=/gm)].map(([, name]) => name);
  await writeFile(env, names.map((name) => `${name}=${secret(name)}\n`).join(""));
  const config = await parsed(env, COMPOSE_FILES.filter((file) => !file.includes("dev")));
  for (const [name, { command, entrypoint, healthcheck, labels }] of Object.entries(config.services)) {
    assert.doesNotMatch(JSON.stringify([command, entrypoint, healthcheck, labels]), /secret-of-/, name);
  }
  // Nor in what the scripts of MongoDB start.
  const bin = join(folder, "bin");
  await mkdir(bin);
  for (const program of ["mongosh", "docker-entrypoint.sh", "install"]) {
    // As the real one, `install` reads what is piped to it: whoever writes it would die of SIGPIPE.
    const reading = program === "install" ? "cat >/dev/null\n" : "";
    await writeFile(join(bin, program), `#!/bin/sh\n${reading}printf '%s\\n' "$@" >>'${folder}/arguments'\necho "$MONGO_INITDB_ROOT_USERNAME $MONGO_INITDB_ROOT_PASSWORD $COLLABRY_PASSWORD"\n`, { mode: 0o755 });
  }
  const { environment } = config.services.mongodb;
  for (const root of [secret("MONGODB_ROOT_PASSWORD"), ""]) {
    const started = { env: { ...environment, MONGODB_ROOT_PASSWORD: root, PATH: `${bin}:${process.env.PATH}` } };
    const app = secret("MONGODB_PASSWORD");
    const who = root === "" ? `collabry ${app} ` : `root ${root} ${app}`;
    for (const [script, ...args] of [["start.sh"], ["health.sh"], ["eval.sh", "db.stats()"]]) {
      const { stdout } = await run("bash", [join(ROOT, "docker/mongodb", script), ...args], started);
      assert.equal(stdout.trim().split("\n").at(-1), who.trim(), `${script}, by the environment`);
    }
  }
  const said = await readFile(join(folder, "arguments"), "utf8");
  assert.match(said, /auth\(process\.env\.MONGO_INITDB_ROOT_USERNAME, process\.env\.MONGO_INITDB_ROOT_PASSWORD\)/);
  assert.match(said, /--replSet\nrs0/);
  assert.doesNotMatch(said, /secret-of-/);
});

test("what deploy.sh calls is given secrets by its environment and by pipes", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "collabry-smoke-"));
  t.after(() => rm(folder, { recursive: true }));
  const bin = join(folder, "bin");
  await mkdir(bin);
  await mkdir(join(folder, "releases/r"), { recursive: true });
  await writeFile(join(folder, "current"), "r\n");
  for (const program of ["curl", "env"]) {
    await writeFile(join(bin, program), `#!/bin/sh\nprintf '%s\\n' "$@" >>'${folder}/arguments'\nexec /usr/bin/${program} "$@"\n`, { mode: 0o755 });
  }
  // In the place of Compose: makes the account, with the password that it was given.
  await writeFile(join(bin, "docker-compose"), `#!/bin/sh\nprintf '%s\\n' "$@" >>'${folder}/arguments'\nprintf '%s' "$COLLABRY_BACKUP_SECRET_KEY $COLLABRY_ACCOUNT_PASSWORD $LEFT_BEHIND" >'${folder}/given'\n`, { mode: 0o755 });

  const seen = { passwords: /** @type {string[]} */ ([]), tokens: new Set() };
  const made = () => readFile(join(folder, "given"), "utf8").then((given) => given.split(" ")[1], () => undefined);
  const answers = {
    "POST /api/notebooks": { id: "n" },
    "POST /api/notebooks/n/sources": { id: "s" },
    "GET /api/sources/s": { step: "ready" },
    "POST /api/notebooks/n/conversations": { id: "c" },
    "POST /api/conversations/c/messages": { generationId: "g" },
    "GET /api/ai/generations/g/events": { "event:done": "1907" },
    "DELETE /api/notebooks/n": {},
  };
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    const what = `${request.method} ${request.url}`;
    if (what.startsWith("POST /api/auth/")) {
      const { password } = JSON.parse(body);
      seen.passwords.push(password);
      const known = what.endsWith("login") && password === (await made());
      return void response.writeHead(known ? 200 : 403).end(JSON.stringify(known ? { accessToken: "token-of-the-test" } : {}));
    }
    seen.tokens.add(request.headers.authorization);
    const answer = answers[what];
    response.writeHead(answer ? 200 : 404).end(JSON.stringify(answer ?? {}).replace('{"event:done":', '{"event: done":'));
  });
  t.after(() => server.close());
  await new Promise((listening) => server.listen(0, "127.0.0.1", () => listening(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const script = `
    set -euo pipefail
    ROOT=$0 ENV_FILE=$1/.env COMPOSE=docker-compose
    for part in settings compose release front smoke; do . scripts/deploy/$part.sh; done
    STATE=$1
    find_front() { front_url=http://127.0.0.1:${port} front_host=; }
    smoke`;
  const env = { PATH: `${bin}:${process.env.PATH}`, HOME: process.env.HOME, COLLABRY_BACKUP_SECRET_KEY: "key-of-backups", LEFT_BEHIND: "left" };
  const { stdout } = await run("bash", ["-c", script, ROOT, folder], { cwd: ROOT, env });
  assert.match(stdout, /signed in, uploaded, asked, got an answer, deleted/);
  assert.deepEqual([...seen.tokens], ["Bearer token-of-the-test"]);
  const [password, ...others] = new Set(seen.passwords);
  assert.deepEqual(others, []);
  assert.equal(await readFile(join(folder, "given"), "utf8"), `key-of-backups ${password} `, "Compose has what it needs, and nothing else of this shell");
  const said = await readFile(join(folder, "arguments"), "utf8");
  assert.match(said, /COLLABRY_ACCOUNT_PASSWORD\n/);
  for (const secret of [password, "token-of-the-test", "key-of-backups"]) assert.ok(!said.includes(secret), secret);
});

test("who keeps what opens backups is not given what signs them, and says who must have signed one", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "collabry-keys-"));
  t.after(() => rm(folder, { recursive: true }));
  const made = ["# public key: age1x", "# signer: public", "AGE-SECRET-KEY-1X", "# to be set: COLLABRY_BACKUP_RECIPIENT=age1x", "# to be set: COLLABRY_BACKUP_SIGNING_KEY=secret"];
  await writeFile(join(folder, "made"), `${made.join("\n")}\n`);
  // In the place of the images: what the program writes, and what it is given.
  const script = `
    set -euo pipefail
    ROOT=$0 CALLED_FROM=$1 ENV_FILE=$1/.env
    for part in settings backup; do . scripts/deploy/$part.sh; done
    engine() { :; }
    bare_tool() { cat "$CALLED_FROM/made"; }
    tool() { echo "given: $* $COLLABRY_BACKUP_SECRET_KEY"; }
    shift
    "$@"`;
  const said = async (/** @type {string[]} */ args, env = {}) =>
    (await run("bash", ["-c", script, ROOT, folder, ...args], { cwd: ROOT, env: { PATH: process.env.PATH, ...env } })).stdout;
  const output = await said(["backup_key", "backup.key"]);
  assert.match(output, /^COLLABRY_BACKUP_RECIPIENT=age1x\nCOLLABRY_BACKUP_SIGNING_KEY=secret$/m);
  const file = join(folder, "backup.key");
  assert.equal(await readFile(file, "utf8"), `${made.slice(0, 3).join("\n")}\n`);
  assert.equal((await stat(file)).mode & 0o077, 0);

  await writeFile(join(folder, "monday.tar.gz"), "a backup");
  const verify = ["eval", "use_key; read_backup r verify monday.tar.gz; read_backup r verify; read_backup r verify of-the-place"];
  const env = { IDENTITY: "backup.key" };
  const given = async (more = {}) => [...(await said(verify, { ...env, ...more })).matchAll(/^given: r verify ?(.*) # public key: age1x$/gm)].map(([, args]) => args);
  assert.deepEqual(await given(), ["-", "", "of-the-place"]);
  assert.deepEqual(await given({ SIGNER: "any" }), ["--any-signer -", "--any-signer", "--any-signer of-the-place"]);
  assert.deepEqual(await given({ SIGNER: "other" }), ["--signer other -", "--signer other", "--signer other of-the-place"]);
});

test("the programs are not MongoDB's root, where root has a password of its own", async () => {
  const script = await read("docker/mongodb/users.js");
  const made = (/** @type {Record<string, string>} */ env) => {
    const users = [];
    const admin = { createUser: (/** @type {any} */ user) => users.push(user) };
    const db = { getSiblingDB: (/** @type {string} */ name) => assert.equal(name, "admin") ?? admin };
    runInNewContext(script, { db, process: { env } });
    return JSON.parse(JSON.stringify(users));
  };
  assert.deepEqual(made({ COLLABRY_PASSWORD: "b" }), [{ user: "collabry", pwd: "b", roles: [{ role: "readWrite", db: "collabry" }] }]);
  // The image has made `collabry`, as root.
  assert.deepEqual(made({}), []);
  const [{ volumes }] = Object.entries(await compose("docker/compose.yml")).filter(([name]) => name === "mongodb").map(([, service]) => service);
  assert.ok(volumes.includes("./mongodb/users.js:/docker-entrypoint-initdb.d/users.js:ro"), "the image runs it");
});

/** The services of a Compose file, as they stand there. @param {string} path @returns {Promise<Record<string, any>>} */
async function compose(path) {
  const toJson = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
  return JSON.parse((await run("python3", ["-c", toJson, join(ROOT, path)])).stdout).services;
}

test("every container is confined, and bounded in memory and logs", async () => {
  const all = (await Promise.all(COMPOSE_FILES.filter((file) => !file.includes("dev")).map(compose))).flatMap(Object.entries);
  assert.ok(all.length > 10);
  for (const [name, service] of all) {
    assert.deepEqual(service.security_opt, ["no-new-privileges:true"], name);
    // The image of MongoDB begins as root, gives its volume to its user, and becomes that one.
    if (name !== "mongodb") assert.deepEqual(service.cap_drop, ["ALL"], name);
    assert.ok(service.mem_limit, name);
    // One that is run by hand, and is gone with its output.
    if (name !== "collabry") assert.ok(service.logging.options["max-size"], name);
  }
});

test("what is kept in memory has a limit", async () => {
  const sizes = (/** @type {any} */ service) => (service.tmpfs ?? []).map((/** @type {string} */ mount) => /[:,]size=(\S+?)(?:,|$)/.exec(mount)?.[1]);
  for (const [name, service] of Object.entries(await compose("docker/compose.yml"))) {
    for (const size of sizes(service)) assert.match(size ?? "none", /^(\d+m|\$\{\w+:-\d+g\})$/, name);
  }
});

test("images of others may be pinned by digest", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "collabry-compose-"));
  t.after(() => rm(folder, { recursive: true }));
  const env = join(folder, ".env");
  const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
  const images = { REDIS: "redis", MONGODB: "mongodb", PROMETHEUS: "prometheus", ALERTMANAGER: "alertmanager", GRAFANA: "grafana", NODE_EXPORTER: "node-exporter" };
  await writeFile(env, LEAST + Object.entries(images).map(([name, service]) => `${name}_IMAGE=registry.example.org/${service}:1@${digest}\n`).join(""));
  const { services } = await parsed(env, COMPOSE_FILES);
  for (const service of Object.values(images)) assert.equal(services[service].image, `registry.example.org/${service}:1@${digest}`);
});

test("the release of deploy.sh has secure cookies when nginx has a certificate", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "collabry-release-"));
  t.after(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, "draft"));
  await writeFile(join(folder, "draft/images"), "");
  const script = 'ROOT=$0; STATE=$1; ENV_FILE=$1/.env; . scripts/deploy/settings.sh; STATE=$1; . scripts/deploy/release.sh; release_env';
  const release = async (text) => {
    await writeFile(join(folder, ".env"), text);
    return (await run("bash", ["-c", script, ROOT, folder], { cwd: ROOT, env: { PATH: process.env.PATH } })).stdout;
  };
  assert.doesNotMatch(await release(LEAST), /SECURE_COOKIES/);
  assert.match(await release(`${LEAST}NGINX_CERTIFICATE=/c.pem\n`), /^COLLABRY_SECURE_COOKIES=true$/m);
  assert.equal((await release(`${LEAST}NGINX_CERTIFICATE=/c.pem\nCOLLABRY_SECURE_COOKIES=true\n`)).match(/SECURE_COOKIES/g).length, 1);
  assert.doesNotMatch(await release(`${LEAST}COLLABRY_BACKUP_SECRET_KEY=key\n`), /SECRET_KEY/, "and nothing that opens backups");
});

/** https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/do-more-with-tunnels/local-management/ */
const TUNNEL = {
  top: ["tunnel", "credentials-file", "metrics", "grace-period", "ingress", "originRequest", "warp-routing", "loglevel", "logfile", "protocol", "retries", "no-autoupdate", "edge-ip-version"],
  rule: ["hostname", "path", "service", "originRequest"],
  origin: ["originServerName", "caPool", "noTLSVerify", "tlsTimeout", "http2Origin", "httpHostHeader", "disableChunkedEncoding", "connectTimeout", "noHappyEyeballs", "proxyType", "keepAliveTimeout", "keepAliveConnections", "tcpKeepAlive", "access"],
};

test("the example of a tunnel is one that cloudflared reads", async () => {
  const toJson = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
  const config = JSON.parse((await run("python3", ["-c", toJson, join(ROOT, "docker/cloudflared.yml")])).stdout);
  const within = (object, allowed) => assert.deepEqual(Object.keys(object).filter((key) => !allowed.includes(key)), []);
  within(config, TUNNEL.top);
  assert.match(config.tunnel, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.ok(config["credentials-file"].endsWith(`${config.tunnel}.json`));
  for (const rule of config.ingress) {
    within(rule, TUNNEL.rule);
    within(rule.originRequest ?? {}, TUNNEL.origin);
    assert.match(rule.service, /^(https?:\/\/[\w.-]+(:\d+)?|http_status:\d{3})$/);
    for (const name of ["connectTimeout", "keepAliveTimeout"]) assert.match(rule.originRequest?.[name] ?? "1s", /^\d+[sm]$/, name);
  }
  const last = config.ingress.at(-1);
  assert.ok(!last.hostname && !last.path, "cloudflared wants a last rule for everything");
});

test("what is set reaches every role, and Grafana has our dashboards", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "collabry-compose-"));
  t.after(() => rm(folder, { recursive: true }));
  const env = join(folder, ".env");
  await writeFile(env, `${LEAST}OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318\nCOLLABRY_TRACE_SAMPLE=0.5\nCOLLABRY_S3_REGION=eu-1\n`);
  const parts = await services(env, COMPOSE_FILES);
  for (const role of ["api", "ai-engine-1", "ai-engine-2", "worker"]) {
    const part = parts.find((text) => text.startsWith(`${role}:\n`)) ?? "";
    assert.match(part, /OTEL_EXPORTER_OTLP_ENDPOINT: "?http:\/\/collector:4318/, role);
    assert.match(part, /COLLABRY_TRACE_SAMPLE: ['"]?0\.5/, role);
    assert.match(part, /COLLABRY_S3_REGION: eu-1/, role);
  }
  const grafana = parts.find((text) => text.startsWith("grafana:\n")) ?? "";
  const provider = await read("docker/observability/grafana/provisioning/dashboards/collabry.yml");
  const [, path] = provider.match(/path: ([^\s}]+)/) ?? [];
  assert.match(grafana, new RegExp(`docker/observability/grafana/dashboards:${path}:ro`), "dashboards are where Grafana looks");
  assert.match(grafana, /docker\/observability\/grafana\/provisioning:\/etc\/grafana\/provisioning:ro/);
});

test("nginx' sockets are shared out evenly, however replicas come and go", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "collabry-front-"));
  t.after(() => rm(folder, { recursive: true }));
  const script = 'RUN=$1; . "$0"; shift; touch "$PASSING"; wanted=("$@"); share_out >"$PASSING.new"; mv "$PASSING.new" "$PASSING"; cat "$PASSING"';
  let before = new Map();
  for (const replicas of ["a", "abc", "abcd", "abcde", "bcde", "bcdef", "ef", "efg", "efghijkl", "efghijklm", "m"].map((names) => [...names])) {
    const { stdout } = await run("bash", ["-c", script, join(ROOT, "docker/front/slots.sh"), folder, ...replicas]);
    const owners = new Map(stdout.trim().split("\n").map((line) => /** @type {[string, string]} */ (line.split(" "))));
    const counts = replicas.map((name) => [...owners.values()].filter((owner) => owner === name).length);
    assert.equal(owners.size, 12);
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `${replicas}: ${counts}`);
    const moved = [...before].filter(([slot, owner]) => replicas.includes(owner) && owners.get(slot) !== owner).length;
    const joined = replicas.filter((name) => ![...before.values()].includes(name));
    assert.ok(moved <= joined.length * Math.ceil(12 / replicas.length), `${moved} sockets changed hands for ${joined}`);
    before = owners;
  }
});

test("each line of the checklist before production says where to read on, and what shows it", async () => {
  const rows = (await read("docs/operations/production.md")).split("\n").filter((line) => /^\| [A-Z]/.test(line));
  assert.ok(rows.length > 15);
  for (const row of rows) {
    const [, , how, shown] = row.split(/(?<!\\)\|/);
    assert.match(how, /\]\(/, row);
    assert.match(shown, /`[^`]+`/, row);
  }
  // What it has people call is a command that there is.
  const { stdout: help } = await run(join(ROOT, "deploy.sh"), ["help"], { env: { PATH: process.env.PATH, HOME: process.env.HOME } });
  for (const [, command] of rows.join("\n").matchAll(/\.\/deploy\.sh ([a-z-]+)/g)) assert.ok(help.includes(`./deploy.sh ${command}`), command);
});

test("shellcheck finds nothing", async () => {
  const found = await run("git", ["ls-files", "*.sh"], { cwd: ROOT });
  const files = found.stdout.trim().split("\n");
  await run("shellcheck", ["--external-sources", ...files, ".ci/run", "e2e/mongo-server/start"], { cwd: ROOT });
});
