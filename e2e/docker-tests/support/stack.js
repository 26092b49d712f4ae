// A deployment of its own: deploy.sh with settings, state and a Compose project that nobody else has.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

import { GENEROUS } from "../../cluster/roles.js";
import { Account } from "../../support/account.js";
import { freePorts } from "../../support/ports.js";
import { Child } from "../../support/process.js";
import { until, within } from "../../support/wait.js";
import { docker, inspect, lines } from "./docker.js";

const ROOT = resolve(import.meta.dirname, "../../..");
const TESTS = resolve(import.meta.dirname, "..");
export const BASE_IMAGE = "collabry-base:bookworm";
/** Versions that tests build: numbered ones, and those of `BAD`. */
const TEST_VERSION = /:(v\d+|crashes|never-ready|fails-smoke|bad-configuration)$/;
export const ROLES = ["api", "worker", "ai-engine", "standalone", "nginx"];
/** Of deploys: images are built, containers started one after the other. */
const DEPLOY_MS = 10 * 60_000;

const run = promisify(execFile);

export class Stack {
  #accounts = 0;
  project = `collabry-test-${process.pid}`;
  /** Compose files on top of ours. */
  extra = join(TESTS, "compose.test.yml");

  /** @param {{ after(fn: () => unknown): void }} test */
  static async prepare(test) {
    const stack = new Stack();
    test.after(async () => {
      await stack.destroy();
      await removeVersions();
    });
    stack.folder = await mkdtemp(join(tmpdir(), "collabry-docker-"));
    stack.tls = join(stack.folder, "tls");
    await mkdir(stack.tls);
    const [http, https, subnet] = await freePorts(3);
    stack.url = `http://127.0.0.1:${http}`;
    stack.settings = {
      COLLABRY_JWT_SECRET: randomBytes(32).toString("hex"),
      COLLABRY_SERVICE_SECRET: randomBytes(32).toString("hex"),
      REDIS_PASSWORD: randomBytes(16).toString("hex"),
      REDIS_IMAGE: "collabry-test/redis",
      MONGODB_IMAGE: "collabry-test/mongodb",
      MONGODB_URI: "mongodb://mongodb:27017/collabry",
      COLLABRY_HTTP_PORT: String(http),
      COLLABRY_HTTPS_PORT: String(https),
      COLLABRY_TLS_DIR: stack.tls,
      COLLABRY_FRONTEND_SUBNET: `172.16.${subnet % 250}.0/24`,
      COLLABRY_THREADS: "1",
      COLLABRY_REGISTRATION: "open",
      ...GENEROUS,
    };
    await stack.configure();
    await storeImages();
    return stack;
  }

  /** Writes the `.env`. @param {Record<string, string>} [more] */
  async configure(more = {}) {
    const all = Object.entries({ ...this.settings, ...more });
    await writeFile(join(this.folder, ".env"), all.map(([name, value]) => `${name}=${value}\n`).join(""));
  }

  /**
   * Starts deploy.sh.
   * @param {string[]} args @param {Record<string, string>} [env] @param {ConstructorParameters<typeof Child>[3]} [options]
   */
  start(args, env = {}, options = {}) {
    return new Child(join(ROOT, "deploy.sh"), args, {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      ENV_FILE: join(this.folder, ".env"),
      COLLABRY_STATE_DIR: join(this.folder, "state"),
      COLLABRY_PROJECT: this.project,
      COLLABRY_COMPOSE_EXTRA: this.extra,
      BASE_IMAGE,
      BINARIES: "prebuilt",
      BUILD: "no",
      ...env,
    }, options);
  }

  /** Runs deploy.sh to its end. @param {string[]} args @param {Record<string, string>} [env] */
  async run(args, env) {
    const child = this.start(args, env);
    const { code } = await within(child.ended, `deploy.sh ${args.join(" ")}`, DEPLOY_MS);
    return { code, output: child.output };
  }

  /** Builds the images of a version: of what is built now, whatever has that name already. @param {string} version */
  async build(version) {
    const { code, output } = await this.run(["build"], { VERSION: version });
    assert.equal(code, 0, output);
  }

  /** A deploy that goes well. @param {string} version @param {Record<string, string>} [env] */
  async deploy(version, env) {
    const { code, output } = await this.run([], { VERSION: version, ...env });
    assert.equal(code, 0, output);
    return output;
  }

  /** The containers of the project, running or not. @returns {Promise<any[]>} */
  async containers() {
    return inspect(...(await lines("ps", "-aq", "--filter", `label=com.docker.compose.project=${this.project}`)));
  }

  /** The containers of a service. @param {string} service */
  async service(service) {
    return (await this.containers()).filter((one) => one.Config.Labels["com.docker.compose.service"] === service);
  }

  /** Which release each role is of, with how many containers, and that all of them are well, as the engine finds in a moment. */
  async releases() {
    const found = {};
    await until("the engine has looked", async () => (await this.containers()).every(({ State }) => State.Health?.Status !== "starting"));
    for (const { Config, State, Name, Image } of await this.containers()) {
      const service = Config.Labels["com.docker.compose.service"];
      const health = Config.Healthcheck ? State.Health?.Status : State.Running && "healthy";
      assert.equal(health, "healthy", `${Name} is ${State.Status}, ${health}`);
      const release = Config.Labels["collabry.release"];
      if (release) (found[service] ??= []).push({ release, image: Image });
    }
    return found;
  }

  /** Fails unless every role is of one release of that version. @param {string} version @param {number} [apis] */
  async assertServes(version, apis = 3) {
    const releases = await this.releases();
    const counts = Object.fromEntries(Object.entries(releases).map(([service, all]) => [service, all.length]));
    assert.deepEqual(counts, { api: apis, "ai-engine-1": 1, "ai-engine-2": 1, worker: 1 });
    const names = new Set(Object.values(releases).flat().map(({ release }) => release));
    assert.equal(names.size, 1, `one release, not ${[...names].join(", ")}`);
    const [name] = names;
    assert.ok(name.startsWith(`${version}-`), `${name} is of ${version}`);
    for (const [service, all] of Object.entries(releases)) {
      const role = service.replace(/-\d$/, "");
      const { Id } = (await inspect(`collabry/${role}:${version}`))[0];
      for (const { image } of all) assert.equal(image, Id, `${service} runs the image of ${version}`);
    }
    assert.equal((await readFile(join(this.folder, "state", "current"), "utf8")).trim(), name);
  }

  /** Makes an account with a name of its own. */
  async account(name = "Ada") {
    this.#accounts += 1;
    return Account.register(this.url, `${name.toLowerCase()}${this.#accounts}@example.org`, name);
  }

  async destroy() {
    const ids = await lines("ps", "-aq", "--filter", `label=com.docker.compose.project=${this.project}`);
    if (ids.length > 0) await docker("rm", "--force", "--volumes", ...ids);
    for (const kind of ["network", "volume"]) {
      const found = await lines(kind, "ls", "-q", "--filter", `label=com.docker.compose.project=${this.project}`);
      if (found.length > 0) await docker(kind, "rm", ...found);
    }
    const pinned = await lines("images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", `reference=${this.project}/*`);
    if (pinned.length > 0) await docker("rmi", ...pinned);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Removes the images of all versions that tests build: each file leaves more than a gigabyte of them behind. */
async function removeVersions() {
  const images = await lines("images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference=*collabry/*", "--filter", "reference=*/collabry/*");
  const ours = images.filter((image) => TEST_VERSION.test(image));
  if (ours.length > 0) await docker("rmi", ...ours);
  await docker("image", "prune", "--force", "--filter", "label=org.opencontainers.image.licenses=MIT");
}

/** What stands in for the official images of Redis and MongoDB. */
async function storeImages() {
  await run(join(ROOT, "scripts/mongo-server.sh"));
  for (const name of ["redis", "mongodb"]) await standIn(name);
}

/** Builds an image of Debian's package, `collabry-test/NAME`: the official one cannot be had where no registry is reached. */
export async function standIn(name) {
  const file = join(TESTS, `images/${name}.Dockerfile`);
  await docker("build", "-q", "-f", file, "--build-arg", `BASE_IMAGE=${BASE_IMAGE}`, "-t", `collabry-test/${name}`, ROOT);
}
