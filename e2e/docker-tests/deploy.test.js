// deploy.sh on a real Docker engine: one stack after the other through everything that may happen to it.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { PHOTOSYNTHESIS } from "../support/documents.js";
import { until } from "../support/wait.js";
import { docker, inspect, lines } from "./support/docker.js";
import { ownEngine, startEngine } from "./support/engine.js";
import { killAt, STEPS } from "./support/kill.js";
import { Load } from "./support/load.js";
import { ROLES, Stack } from "./support/stack.js";
import { BAD, badVersion, newVersion } from "./support/versions.js";

const began = performance.now();
const seconds = () => `${Math.round((performance.now() - began) / 1000)} s`;
const stack = await Stack.prepare({ after });

/** What an image may add to its base, in MB of 1,000,000 bytes; the engine has the character tables of poppler-data. */
const LIMITS = { api: 60, worker: 60, "ai-engine": 220 };

test("images are built, and hold only what they need", async (t) => {
  await stack.build("v1");
  const [{ Size: base }] = await inspect("collabry-base:bookworm");
  for (const role of ROLES) {
    const [{ Size, Config }] = await inspect(`collabry/${role}:v1`);
    const over = Math.round((Size - base) / 1e5) / 10;
    t.diagnostic(`${role}: ${over} MB over the base`);
    assert.ok(over < (LIMITS[role] ?? Infinity), `${role} adds ${over} MB`);
    assert.match(Config.User, /^(10001:10001|www-data)$/);
    assert.ok(Config.Healthcheck.Test.length > 0 && Config.StopSignal === "SIGTERM");
    assert.equal(Config.Labels["org.opencontainers.image.version"], "v1");
    const sbom = JSON.parse(await docker("run", "--rm", "--entrypoint", "cat", `collabry/${role}:v1`, "/usr/share/collabry/sbom.cdx.json"));
    assert.equal(sbom.bomFormat, "CycloneDX");
    assert.ok(sbom.components.some(({ purl }) => purl.startsWith("pkg:deb/debian/libc6@")));
    if (role !== "nginx") assert.ok(sbom.components.some(({ purl }) => purl.startsWith("pkg:cargo/tokio@")), role);
  }
});

test("a first deploy brings everything up, and the whole job goes through nginx", async (t) => {
  const output = await stack.deploy("v1");
  t.diagnostic(`images and stack: ${seconds()}`);
  assert.match(output, /; the next start makes: \w+/, "what changes in the database is said before");
  await stack.assertServes("v1");
  const ada = await stack.account();
  const notebook = await ada.notebook();
  await ada.ready((await ada.upload(notebook, "photosynthesis.md", PHOTOSYNTHESIS)).id);
  const conversation = await ada.conversation(notebook);
  const question = await ada.post(`/api/conversations/${conversation}/messages`, {
    clientId: crypto.randomUUID(), content: "Which enzyme fixes carbon dioxide?", ask: true,
  });
  const answer = await ada.answer(conversation, question.id);
  assert.match(answer.content, /RuBisCO/);
  t.diagnostic(`main job done: ${seconds()}`);
});

test("containers are confined, and only nginx is published", async () => {
  for (const { Config, HostConfig } of await stack.containers()) {
    const service = Config.Labels["com.docker.compose.service"];
    const published = Object.keys(HostConfig.PortBindings ?? {});
    assert.deepEqual(published.sort(), service === "nginx" ? ["8080/tcp", "8443/tcp"] : [], service);
    assert.ok(HostConfig.Memory > 0 && HostConfig.MemoryReservation > 0 && HostConfig.NanoCpus > 0, `${service} is limited`);
    assert.equal(HostConfig.LogConfig.Config["max-file"], "5");
    assert.equal(HostConfig.RestartPolicy.Name, "unless-stopped");
    if (service === "mongodb") continue;
    assert.ok(HostConfig.ReadonlyRootfs, `${service} is read-only`);
    if (service !== "redis") assert.deepEqual(HostConfig.CapDrop, ["ALL"]);
  }
});

test("a rolling update and the way back: no request fails, nothing is lost", async (t) => {
  await newVersion("v2", "v1");
  const load = await Load.start(t, stack);
  await stack.deploy("v2");
  await stack.assertServes("v2");
  const { code, output } = await stack.run(["rollback"]);
  assert.equal(code, 0, output);
  await stack.assertServes("v1");
  await load.assertUnharmed(t);
});

for (const [version, { says }] of Object.entries(BAD)) {
  test(`a version that ${version} is rolled back, and nobody notices`, async (t) => {
    await badVersion(version, "v1");
    const load = await Load.start(t, stack);
    const { code, output } = await stack.run([], { VERSION: version, COLLABRY_READY_SECS: "30" });
    assert.equal(code, 2, output);
    assert.match(output, says);
    assert.match(output, new RegExp(`${version}-\\w+ failed and was rolled back; v1-\\w+ serves: api@sha256:`));
    await stack.assertServes("v1");
    await load.assertUnharmed(t);
  });
}

test("killed at one step after the other, it goes on each time and converges", async (t) => {
  const load = await Load.start(t, stack);
  for (const step of STEPS) await killAt(stack, "v2", step);
  await stack.deploy("v2");
  await stack.assertServes("v2");
  t.diagnostic(`killed ${STEPS.length} times`);
  await load.assertUnharmed(t);
});

test("a second deploy keeps away while one runs", async () => {
  const first = stack.start([], { VERSION: "v2" });
  await until("the first one works", () => first.output.includes("pre-flight"));
  const { code, output } = await stack.run([], { VERSION: "v1" });
  assert.equal(code, 1, output);
  assert.match(output, /another deploy is running \(process \d+\)/);
  const { code: ended } = await first.ended;
  assert.equal(ended, 0, first.output);
  await stack.assertServes("v2");
});

test("bad settings are found before anything is touched", async () => {
  const before = (await stack.containers()).map(({ Id }) => Id).sort();
  for (const [settings, says] of /** @type {[Record<string, string>, RegExp][]} */ ([
    [{ COLLABRY_MAX_PAGES: "many" }, /COLLABRY_MAX_PAGES/],
    [{ COLLABRY_JWT_SECRET: "changeme" }, /COLLABRY_JWT_SECRET/],
    [{ COLLABRY_SERVICE_SECRET: "" }, /COLLABRY_SERVICE_SECRET is not set/],
    [{ REDIS_URL: "redis://:wrong@redis:6379/0" }, /PROBLEM {2}Redis/],
  ])) {
    await stack.configure(settings);
    const { code, output } = await stack.run([], { VERSION: "v1" });
    assert.equal(code, 1, output);
    assert.match(output, says);
  }
  await stack.configure();
  assert.deepEqual((await stack.containers()).map(({ Id }) => Id).sort(), before);
});

test("the engine dies with everything in it, and all comes back without a hand", async (t) => {
  const engine = await ownEngine();
  if (!engine) return t.skip("the Docker engine is not ours to kill: somebody else started it");
  const others = await lines("ps", "--format", "{{.Names}}", "--filter", "status=running");
  if (others.some((name) => !name.startsWith(stack.project))) return t.skip(`others run in it: ${others.join(" ")}`);
  const before = await stack.releases();
  const running = (await stack.containers()).map(({ State }) => State.Pid).filter((pid) => pid > 0);
  await engine.kill(running);
  await startEngine();
  await until("every container is healthy", async () => {
    const all = await stack.containers();
    return all.length > 0 && all.every(({ State }) => State.Health?.Status === "healthy");
  }, 180_000);
  assert.deepEqual(await stack.releases(), before);
  const { code, output } = await stack.run(["doctor"]);
  assert.equal(code, 0, output);
  assert.match(output, /signed in, uploaded, asked, got an answer, deleted/);
  t.diagnostic(`all of it: ${seconds()}`);
});
