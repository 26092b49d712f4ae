// docs/operations/by-hand.md, followed: its files and commands, with other folders and ports, and without systemd.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";

import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { Service } from "../cluster/service.js";
import { Mongo, Redis } from "../cluster/stores.js";
import { Account } from "../support/account.js";
import { freePort, freePorts } from "../support/ports.js";
import { certificate, folder, raw, text } from "../support/proxy.js";
import { BIN_DIR, MODEL_DIR, Server } from "../support/server.js";

const ROOT = resolve(import.meta.dirname, "../..");
const PAGE = await readFile(join(ROOT, "docs/operations/by-hand.md"), "utf8");

/** Every file that the page has, by its path. */
const FILES = new Map([...PAGE.matchAll(/^```\w*\n# (\/\S+)\n([^]*?)^```$/gm)].map(([, path, content]) => [path, content]));

/** The settings of a file for systemd. @param {string} path */
function settings(path) {
  const lines = (FILES.get(path) ?? assert.fail(`the page has no ${path}`)).split("\n").filter((line) => /^[A-Z]/.test(line));
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
}

/** What the `sed` of the page makes of the unit of the apis. */
async function units() {
  const found = new Map(FILES);
  const api = "/etc/systemd/system/collabry-api@.service";
  const commands = [...PAGE.matchAll(/^sed '([^']+)' \\\n\s+(\S+) >(\S+)$/gm)];
  assert.equal(commands.length, 2);
  for (const [, script, from, to] of commands) {
    assert.equal(from, api);
    const made = promisify(execFile)("sed", [script]);
    made.child.stdin.end(FILES.get(api));
    found.set(to, (await made).stdout);
  }
  return found;
}

/** A unit's program, arguments and settings for one instance of it. */
function instance(unit, name) {
  const of = (key) => [...unit.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].map(([, value]) => value.replaceAll("%i", name));
  const [program, ...args] = of("ExecStart")[0].split(" ");
  return { program, args, env: Object.assign({}, ...of("EnvironmentFile").map(settings)) };
}

test("what the page describes serves", async (t) => {
  const at = await mkdtemp(join(tmpdir(), "collabry-by-hand-"));
  t.after(() => rm(at, { recursive: true, force: true }));
  for (const name of ["data", "redis", "mongodb"]) await mkdir(join(at, name));
  const [redis, mongo] = [new Redis(join(at, "redis"), await freePort()), await Mongo.prepare(join(at, "mongodb"), await freePort())];
  for (const store of [redis, mongo]) t.after(() => store.destroy());
  await Promise.all([redis.start(), mongo.start()]);

  const ports = new Map();
  const known = ["5000", "5001", "5010", "5011", "5100", "5101", "5110", "5111", "5201"];
  (await freePorts(known.length)).forEach((port, n) => ports.set(known[n], String(port)));
  const secrets = { "the second": "Yk3v8Qm2pL0sXw7zRb5nTc1dFg6hJj4a", "the first that openssl rand -hex 32 prints": "aJ4jHh6gFd1cTn5bRz7wXs0Lp2mQ8v3kY" };
  /** The page's addresses and folders, as they are here. */
  const here = (value) =>
    (secrets[value] ?? value)
      .replace("mongodb://127.0.0.1:27017/collabry", mongo.url)
      .replace("redis://127.0.0.1:6379/0", redis.url)
      .replaceAll(/127\.0\.0\.1:(\d{4})\b/g, (whole, port) => (ports.has(port) ? `127.0.0.1:${ports.get(port)}` : whole))
      .replaceAll("/var/lib/collabry", join(at, "data"))
      .replaceAll("/opt/collabry/bin", BIN_DIR)
      .replaceAll("/opt/collabry/web", join(ROOT, "web/dist"))
      .replaceAll("/opt/collabry/model", MODEL_DIR)
      .replaceAll("/opt/collabry/nginx", join(ROOT, "nginx"));
  const hereAll = (env) => Object.fromEntries(Object.entries(env).map(([name, value]) => [name, here(value)]));

  const all = await units();
  const start = async (unit, name) => {
    const { program, args, env } = instance(all.get(`/etc/systemd/system/${unit}`) ?? assert.fail(unit), name);
    const settled = hereAll(env);
    const ready = () => fetch(`http://${settled.COLLABRY_INTERNAL_BIND}/ready`).then((answer) => answer.ok, () => false);
    const service = new Service({ name: `${unit} ${name}`, program: here(program), args, env: settled, ready });
    t.after(() => service.destroy());
    await service.start();
  };
  // In the order of the page.
  const order = [...PAGE.matchAll(/^systemctl enable --now (collabry-(?:api|ai-engine|worker).*)$/gm)].flatMap(([, names]) => names.split(" "));
  assert.equal(order.length, 5, order.join(" "));
  for (const name of order) {
    const [unit, one = ""] = name.split("@");
    await start(name.includes("@") ? `${unit}@.service` : `${unit}.service`, one);
  }

  const run = await folder(t);
  const [http, https, status] = await freePorts(3);
  const nginx = instance(all.get("/etc/systemd/system/collabry-nginx.service"), "");
  const env = {
    ...hereAll(nginx.env), ...(await certificate(at)), PATH: `${process.env.PATH}:/usr/sbin`, NGINX_ACCESS_LOG: join(run, "access.log"),
    NGINX_HTTP_LISTEN: `127.0.0.1:${http}`, NGINX_HTTPS_LISTEN: `127.0.0.1:${https}`, NGINX_STATUS_LISTEN: `127.0.0.1:${status}`,
  };
  const unit = FILES.get("/etc/systemd/system/collabry-nginx.service");
  for (const [, command] of unit.matchAll(/^Exec(?:StartPre|Reload)=(\S+\/(?:render\.sh|nginx) .*)$/gm)) {
    const [program, ...args] = here(command).replaceAll("/run/collabry-nginx", run).split(" ");
    await promisify(execFile)(program, args, { env });
  }
  const service = new Service({
    name: "nginx", program: nginx.program, args: nginx.args.map((arg) => arg.replace("/run/collabry-nginx", run)), env,
    ready: () => fetch(`http://127.0.0.1:${http}/health`).then((answer) => answer.ok, () => false),
  });
  t.after(() => service.stop());
  await service.start();

  const sent = await raw(`http://127.0.0.1:${http}/n/1`, { headers: { host: "study.example.org" } });
  assert.deepEqual([sent.statusCode, sent.headers.location], [308, `https://study.example.org:${https}/n/1`]);
  const me = await promisify(execFile)("curl", ["-sk", "-o", "/dev/null", "-w", "%{http_code}", `https://127.0.0.1:${https}/api/auth/me`]);
  assert.equal(me.stdout, "401");
  assert.match(await text(await raw(`http://127.0.0.1:${status}/stub_status`)), /Active connections/);
});

test("one process with the page's settings is ready, and the token is made as operations.md says", async (t) => {
  const own = settings("/etc/collabry/collabry.env");
  for (const name of ["COLLABRY_BIND", "COLLABRY_INTERNAL_BIND", "COLLABRY_DATA_DIR", "COLLABRY_MODEL_DIR", "COLLABRY_WEB_DIR"]) delete own[name];
  const server = await Server.start(t, { ...own, COLLABRY_REGISTRATION: "open" });
  const ada = await Account.register(server.url, "ada@example.org", "Ada");
  const operations = await readFile(join(ROOT, "docs/operations.md"), "utf8");
  const [, login] = /^TOKEN=\$\((curl -s "https:\/\/\$HOST\/api\/auth\/login"[^]*?)\| jq -r \.accessToken\)$/m.exec(operations) ?? assert.fail("no way to a token");
  const command = login.replace("https://$HOST", server.url).replace('"password":"…"', '"password":"correct horse battery"');
  const { stdout } = await promisify(execFile)("bash", ["-c", command]);
  const me = await fetch(`${server.url}/api/auth/me`, { headers: { authorization: `Bearer ${JSON.parse(stdout).accessToken}` } });
  assert.equal((await me.json()).id, ada.id);
});

test("a unit ends as its program does", async () => {
  for (const [path, content] of await units()) {
    if (!path.includes("collabry-api@") && !path.includes("ai-engine@") && !path.includes("worker")) continue;
    if (!path.endsWith(".service")) continue;
    const role = /collabry-(api|ai-engine|worker)/.exec(path)[1];
    assert.match(content, new RegExp(`^ExecStart=/opt/collabry/bin/collabry-${role} serve$`, "m"));
    assert.match(content, new RegExp(`^EnvironmentFile=/etc/collabry/${role}\\.env$`, "m"));
    assert.match(content, /^RestartPreventExitStatus=64$/m);
    assert.ok(Number(/^TimeoutStopSec=(\d+)$/m.exec(content)[1]) > 20, "longer than COLLABRY_DRAIN_SECS");
  }
});
