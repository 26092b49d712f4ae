// What else deploy.sh does: a registry, looking at what runs, nginx itself, TLS, and services of other Compose files.

import assert from "node:assert/strict";
import { chmod, readdir, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { after, test } from "node:test";
import { connect } from "node:tls";

import { freePorts } from "../support/ports.js";
import { certificate, raw, text } from "../support/proxy.js";
import { until } from "../support/wait.js";
import { docker, inspect, lines } from "./support/docker.js";
import { registry } from "./support/registry.js";
import { ROLES, Stack, standIn } from "./support/stack.js";
import { newVersion } from "./support/versions.js";

const stack = await Stack.prepare({ after });
// One sign-in in a quarter of an hour: whoever deploys more often than that must get through as well.
stack.settings.COLLABRY_LIMIT_SIGN_IN = "1";
await stack.configure();
await stack.build("v1");

test("images are pushed to a registry, and a deploy pulls them from there", async (t) => {
  const address = await registry(t, stack.folder);
  const env = { VERSION: "v3", REGISTRY: `${address}/collabry` };
  await newVersion("v3", "v1");
  const { code, output } = await stack.run(["push"], env);
  assert.equal(code, 0, output);
  const pushed = await Promise.all(ROLES.map(async (role) => (await inspect(`collabry/${role}:v3`))[0].Id));
  await docker("rmi", ...ROLES.flatMap((role) => [`collabry/${role}:v3`, `${address}/collabry/${role}:v3`]));
  const missing = await stack.run([], { ...env, VERSION: "v4", USE_REGISTRY: "true" });
  assert.equal(missing.code, 1, missing.output);
  assert.match(missing.output, /cannot pull \S+collabry\/api:v4/);
  const another = join(stack.folder, "another.yml");
  await writeFile(another, "services: { another: { image: collabry-test/redis, command: [sleep, infinity], init: true } }\n");
  await stack.deploy("v3", { ...env, USE_REGISTRY: "true", COLLABRY_COMPOSE_EXTRA: `${stack.extra} ${another}` });
  await stack.assertServes("v3");
  const pulled = await Promise.all(ROLES.map(async (role) => (await inspect(`collabry/${role}:v3`))[0].Id));
  assert.deepEqual(pulled, pushed);
  assert.equal((await stack.service("another"))[0].State.Running, true, "what another Compose file adds is started");
});

test("status, logs and doctor say what runs, and what does not", async (t) => {
  const status = await stack.run(["status"]);
  assert.equal(status.code, 0, status.output);
  assert.match(status.output, /^release {3}v3-\w{8}$/m);
  assert.match(status.output, /[-_]api[-_]\d+ +healthy +v3-\w{8}/);
  assert.match(status.output, /sends requests to (\d+\.\d+\.\d+\.\d+:5000 ?){3}/);

  // It ends with what it has started, as on a terminal.
  const logs = stack.start(["logs", "api"], {}, { group: true });
  t.after(() => logs.destroy());
  await until("lines of an api are shown", () => /api[-_]\d+ .*"message"/.test(logs.output));
  assert.ok(!/worker[-_]1/.test(logs.output), "of this service alone");

  const well = await stack.run(["doctor"]);
  assert.equal(well.code, 0, well.output);
  assert.match(well.output, /signed in, uploaded, asked, got an answer, deleted\n+All is well\./);
  const [worker] = await stack.service("worker");
  await docker("stop", worker.Id);
  const ill = await stack.run(["doctor"]);
  await docker("start", worker.Id);
  assert.equal(ill.code, 1, ill.output);
  assert.match(ill.output, /PROBLEM worker is not running/);
});

test("Prometheus finds every replica, and Grafana its dashboards", async () => {
  await standIn("prometheus");
  const [port, grafana, alertmanager] = await freePorts(3);
  await stack.configure({
    PROMETHEUS_IMAGE: "collabry-test/prometheus",
    PROMETHEUS_PORT: String(port),
    // Any that stays: what is looked at is which files it gets.
    GRAFANA_IMAGE: "collabry-test/redis",
    GRAFANA_PORT: String(grafana),
    GRAFANA_PASSWORD: "secret",
    ALERTMANAGER_IMAGE: "collabry-test/redis",
    ALERTMANAGER_PORT: String(alertmanager),
  });
  const waiting = join(stack.folder, "waiting.yml");
  await writeFile(waiting, "services: { grafana: { command: [sleep, infinity], init: true }, alertmanager: { entrypoint: [sleep, infinity], init: true } }\n");
  await stack.deploy("v3", { COLLABRY_COMPOSE_EXTRA: `${stack.extra} docker/compose.observability.yml ${waiting}` });
  await stack.assertServes("v3");
  const ask = async (path) => (await (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json()).data;
  const scraped = await until("all are scraped", async () => {
    const { activeTargets } = await ask("targets?state=active");
    return activeTargets.length === 7 && activeTargets.every(({ health }) => health === "up") && activeTargets;
  }, 120_000);
  const jobs = scraped.map(({ labels }) => labels.job.replace("collabry-", "")).sort();
  assert.deepEqual(jobs, ["ai-engine", "ai-engine", "api", "api", "api", "front", "worker"]);
  const { groups } = await ask("rules");
  assert.ok(groups.flatMap(({ rules }) => rules).some(({ name }) => name === "CollabryRoleGone"));
  const [{ Id }] = await stack.service("grafana");
  const provider = await docker("exec", Id, "cat", "/etc/grafana/provisioning/dashboards/collabry.yml");
  const folder = /path: (\S+)/.exec(provider)[1];
  assert.match(await docker("exec", Id, "ls", folder), /collabry-experience\.json/);
  await stack.configure();
});

test("nginx itself is replaced when that is asked for", async () => {
  const [before] = await stack.service("nginx");
  const { code, output } = await stack.run(["front"]);
  assert.equal(code, 0, output);
  const [now] = await stack.service("nginx");
  assert.notEqual(now.Id, before.Id);
  await stack.assertServes("v3");
  assert.equal((await fetch(stack.url)).status, 200);
});

test("what is asked for wrongly changes nothing", async () => {
  for (const args of [["launch"], ["scale", "worker=2"], ["scale", "api=0"]]) {
    const { code, output } = await stack.run(args);
    assert.equal(code, 64, output);
  }
  const { code, output } = await stack.run(["scale", "api=12"]);
  assert.equal(code, 1, output);
  assert.match(output, /raise COLLABRY_FRONT_SLOTS/);
  await stack.configure({ REDIS_PASSWORD: '"quoted"' });
  const quoted = await stack.run([], { VERSION: "v3" });
  await stack.configure();
  assert.equal(quoted.code, 1, quoted.output);
  assert.match(quoted.output, /without quotes.*REDIS_PASSWORD/);
});

/** A request whose certificate is not looked at. @returns {Promise<import("node:http").IncomingMessage>} */
function trusting(url, options = {}) {
  return new Promise((resolve, reject) => request(url, { agent: false, rejectUnauthorized: false, ...options }, resolve).on("error", reject).end());
}

test("TLS and another upload limit come with a deploy, and a renewed certificate by itself", async () => {
  const folder = stack.tls;
  await certificate(folder);
  // Of nginx' user inside.
  await chmod(join(folder, "key.pem"), 0o644);
  const settings = { NGINX_CERTIFICATE: "/etc/collabry/tls/certificate.pem", NGINX_CERTIFICATE_KEY: "/etc/collabry/tls/key.pem", COLLABRY_MAX_UPLOAD_MB: "2", COLLABRY_OLLAMA_URL: "http://127.0.0.1:1", COLLABRY_RETENTION_DAY: "3" };
  await stack.configure(settings);
  const port = Number(stack.settings.COLLABRY_HTTPS_PORT);
  const secure = `https://127.0.0.1:${port}`;
  const output = await stack.deploy("v3");
  assert.match(output, new RegExp(`serves at ${secure}`));
  assert.match(output, /PROBLEM {2}models of ollama/, "a model provider that is away is said, and hinders nothing");
  assert.equal(output.match(/NOTE {5}COLLABRY_RETENTION_DAY\n.*did you mean COLLABRY_RETENTION_DAYS\?/g)?.length, 1, "and so is a mistyped setting, once");
  await stack.assertServes("v3");
  for (const gone of ["another", "prometheus", "grafana"]) {
    assert.deepEqual(await stack.service(gone), [], `${gone}, which no Compose file has any more, is ended`);
  }
  const sent = await raw(`${stack.url}/some/page`);
  assert.deepEqual([sent.statusCode, sent.headers.location], [308, `https://127.0.0.1:${port}/some/page`]);
  const [{ Config }] = await stack.service("api");
  assert.ok(Config.Env.includes("COLLABRY_SECURE_COOKIES=true"), "the sign-in cookie goes over TLS only");
  const page = await trusting(secure);
  assert.equal(page.statusCode, 200);
  assert.match(await text(page), /<title>/);
  assert.match(String(page.headers["strict-transport-security"]), /max-age=63072000/);

  const headers = { "content-length": String(4 << 20) };
  for (const path of ["/api/notebooks/any/sources", "/api/sources/any/versions"]) {
    const large = await trusting(secure + path, { method: "POST", headers });
    assert.deepEqual([large.statusCode, JSON.parse(await text(large)).code], [413, "upload_too_large"], path);
  }

  const [before] = await stack.service("nginx");
  const served = () => new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256);
      socket.destroy();
    });
    socket.on("error", reject);
  });
  const old = await served();
  await certificate(folder);
  await chmod(join(folder, "key.pem"), 0o644);
  await until("nginx serves the renewed certificate", async () => (await served()) !== old);
  const [now] = await stack.service("nginx");
  assert.equal(now.Id, before.Id);
  assert.equal(now.RestartCount, 0);
});

test("old releases are forgotten with their images, and what is kept can be gone back to", async () => {
  for (const version of ["v4", "v5"]) {
    await newVersion(version, "v1");
    await stack.deploy(version, { COLLABRY_KEPT_RELEASES: "2" });
  }
  const kept = await readdir(join(stack.folder, "state", "releases"));
  assert.deepEqual(kept.map((release) => release.slice(0, 3)).sort(), ["v4-", "v5-"]);
  const images = (repository) => lines("images", "--format", "{{.Tag}}", "--filter", `reference=${repository}`);
  for (const role of ROLES) {
    const named = await images(`collabry/${role}`);
    assert.deepEqual(["v1", "v3", "v4", "v5"].filter((version) => named.includes(version)), ["v1", "v4", "v5"], role);
    assert.equal((await images(`${stack.project}/${role}`)).length, 2, `${role}: those of the kept releases`);
  }
  const { code, output } = await stack.run(["rollback"]);
  assert.equal(code, 0, output);
  await stack.assertServes("v4");
});
