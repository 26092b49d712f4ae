// What operators see: every metric, alert and dashboard against a real Prometheus, logs and traces of real processes.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";

import { Cluster } from "../cluster/cluster.js";
import { Collector } from "../support/collector.js";
import { Prometheus } from "../support/prometheus.js";
import { Provider } from "../support/provider.js";
import { Live } from "../support/socket.js";
import { DEADLINE_MS, until } from "../support/wait.js";

const ROOT = resolve(import.meta.dirname, "../..");
const HERE = join(ROOT, "docker/observability");
const ALERTS = join(HERE, "alerts.yml");
const ADMIN = "admin@example.org";
const TRACE = "0af7651916cd43dd8448eb211c80319c";
/** What there is only in the one-process form, or with nginx. */
const NOT_HERE = /^(collabry_sqlite_|collabry_front_|probe_ssl_)/;
const ROLES = /** @type {const} */ (["api", "ai-engine", "worker"]);

const run = promisify(execFile);
const alerts = await readFile(ALERTS, "utf8");
const folder = await mkdtemp(join(tmpdir(), "collabry-prometheus-"));
after(() => rm(folder, { recursive: true, force: true }));

/** @type {Record<string, any>} by file */
const dashboards = {};
for (const file of await readdir(join(HERE, "grafana/dashboards"))) {
  dashboards[file] = JSON.parse(await readFile(join(HERE, "grafana/dashboards", file), "utf8"));
}
const panels = Object.entries(dashboards).flatMap(([file, { panels }]) => panels.map((panel) => ({ file, ...panel })));
const targets = panels.flatMap(({ file, title, targets = [] }) => targets.map(({ expr }) => ({ file, title, expr })));

const provider = await Provider.start({ after });
const collector = await Collector.start({ after });
const cluster = await Cluster.start({ after }, {
  apis: 1,
  engines: 1,
  settings: {
    ...provider.settings,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url ?? "",
    COLLABRY_TRACE_SAMPLE: "1",
  },
});
const inside = (parts) => parts.map((part) => part.inside);
const jobs = { "collabry-api": inside(cluster.apis), "collabry-ai-engine": inside(cluster.engines), "collabry-worker": inside(cluster.workers) };
const prometheus = await Prometheus.start({ after }, folder, jobs, ALERTS);
const admin = await cluster.admin(ADMIN);
await use();

/** Everything that people do, so that everything is counted; once more when it has been scraped, so that it grows. */
async function use() {
  const traceparent = `00-${TRACE}-b7ad6b7169203331-00`;
  await fetch(`${cluster.url}/api/notebooks`, { headers: { traceparent } });
  const live = await Live.connect({ after }, admin);
  await admin.get("/api/models");
  for (let times = 0; times < 2; times += 1) {
    const notebook = await admin.notebook();
    const { id } = await admin.upload(notebook, "Leaves.md", "Leaves are green because of chlorophyll.");
    await admin.ready(id);
    await admin.post(`/api/notebooks/${notebook}/search`, { query: "green" });
    const conversation = await admin.conversation(notebook);
    await live.socket.timeout(DEADLINE_MS).emitWithAck("conversation:join", { conversationId: conversation });
    const question = { conversationId: conversation, clientId: `q${times}`, content: "Why are leaves green?", model: "ollama/scripted", traceparent };
    const { ok, message } = await live.socket.timeout(DEADLINE_MS).emitWithAck("message:send", question);
    assert.ok(ok, JSON.stringify(message));
    await admin.answer(conversation, message.id);
    const scraped = async () => Number((await prometheus.query("sum(collabry_engine_generations_total)"))[0]?.value[1]);
    await until("it is scraped", async () => (await scraped()) > times);
  }
}

/** The metrics that an expression names. @param {string} expression */
const named = (expression) => new Set(expression.match(/\b(?:collabry|http|process)_[a-z_]+\b/g));

test("alerts and configuration are what Prometheus takes", async () => {
  await run("promtool", ["check", "rules", ALERTS]);
  for (const config of ["prometheus.yml", "prometheus.hosts.yml", "prometheus.one.yml"]) await run("promtool", ["check", "config", join(HERE, config)]);
});

test("the link of an alert leads to where its runbook is published", async () => {
  const runbook_url = "https://example.org/runbooks#collabryredisdown";
  const alert = { exp_labels: { severity: "page", instance: "a" }, exp_annotations: { summary: "a cannot reach Redis", runbook_url } };
  const file = join(folder, "alert.json");
  await writeFile(file, JSON.stringify({
    rule_files: [ALERTS],
    tests: [{
      interval: "1m",
      external_labels: { runbooks: "https://example.org/runbooks" },
      input_series: [{ series: 'collabry_redis_up{instance="a"}', values: "0x10" }],
      alert_rule_test: [{ eval_time: "5m", alertname: "CollabryRedisDown", exp_alerts: [alert] }],
    }],
  }));
  await run("promtool", ["test", "rules", file]);
});

test("each alert has its runbook, and each runbook its alert", async () => {
  const names = [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  const links = [...alerts.matchAll(/runbook_url: '{{ \$externalLabels\.runbooks }}#(\w+)'/g)].map(([, anchor]) => anchor);
  assert.deepEqual(links, names.map((name) => name.toLowerCase()));
  const runbooks = await readFile(join(ROOT, "docs/runbooks.md"), "utf8");
  const headings = [...runbooks.matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
  assert.deepEqual(headings.toSorted(), names.toSorted());
});

test("each runbook says what it means for people, what to type first, how long it takes, and when it is over", async () => {
  const text = await readFile(join(ROOT, "docs/runbooks.md"), "utf8");
  const sections = text.split(/^#{2,3} /m).slice(1).map((section) => [section.slice(0, section.indexOf("\n")), section]);
  const books = sections.filter(([title]) => title.startsWith("Collabry") || ["nginx is down", "Everything is down", "Something is lost: a restore"].includes(title));
  assert.equal(books.length, names().length + 3);
  for (const [title, section] of books) {
    assert.match(section, /^```sh\n[^`]+\n```$/m, `${title}: a first command`);
    assert.match(section, /\*\*Over\s+when\*\*/, `${title}: how one knows that it is over`);
    if (title.startsWith("Collabry")) {
      assert.match(section, /\*\*For people:\*\*/, title);
      assert.match(section, /\bTakes\s+(\d+|an?)\s|As for \[|nothing, as long as/, `${title}: how long`);
    }
  }
});

test("what runbooks have people type is a shell's, in each way of running", async () => {
  const text = await readFile(join(ROOT, "docs/runbooks.md"), "utf8");
  const blocks = [...text.matchAll(/^```sh\n([^`]+)```$/gm)].map(([, block]) => block);
  const ways = blocks.filter((block) => block.includes("logs() {"));
  assert.equal(ways.length, 3);
  for (const [n, block] of blocks.entries()) {
    const file = join(folder, `block-${n}.sh`);
    await writeFile(file, block);
    await run("bash", ["-n", file]);
  }
  // Each way has every word that the commands are made of.
  const words = ["logs", "ask", "again", "seen", "store_redis", "store_mongo"];
  for (const way of ways) assert.deepEqual(words.filter((word) => !way.includes(`${word}() {`)), []);
});

const names = () => [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);

test("every metric that an alert or a dashboard names is there, and each panel shows something", async () => {
  const names = new Set(await prometheus.names());
  const expressions = [...targets.map(({ expr }) => expr), ...(await rules())];
  const missing = expressions.flatMap((expression) => [...named(expression)]).filter((name) => !names.has(name) && !NOT_HERE.test(name));
  assert.deepEqual([...new Set(missing)], []);
  for (const { file, title, expr } of targets) {
    // Nothing fails here.
    if (expr.includes('status_code=~"5.."')) continue;
    await until(`${file}, ${title}: ${expr}`, async () => (await prometheus.query(expr)).length > 0);
  }
});

/** The expressions of all alerts, as Prometheus has read them. */
async function rules() {
  const answer = await fetch(`${prometheus.url}/api/v1/rules`);
  const { data } = await answer.json();
  const all = data.groups.flatMap(({ rules }) => rules);
  assert.deepEqual(all.filter(({ lastError }) => lastError).map(({ name, lastError }) => `${name}: ${lastError}`), []);
  return all.map(({ query }) => query);
}

test("no alert fires while all is well", async () => {
  const firing = await prometheus.query('ALERTS{alertstate="firing"}');
  assert.deepEqual(firing.map(({ metric }) => metric.alertname), []);
});

test("every metric is documented, and no other", async () => {
  const parts = [...cluster.apis, ...cluster.engines, ...cluster.workers];
  const texts = await Promise.all(parts.map(async ({ inside }) => (await fetch(`http://${inside}/metrics`)).text()));
  const scraped = new Set(texts.flatMap((text) => [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => (type === "counter" ? `${name}_total` : type === "info" ? `${name}_info` : name))));
  const page = await readFile(join(ROOT, "docs/metrics.md"), "utf8");
  const rows = page.split("\n").filter((line) => /^\| `/.test(line)).map((line) => line.split("|")[1]);
  const documented = new Set(rows.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name)));
  assert.deepEqual([...scraped].filter((name) => !documented.has(name)), [], "documented");
  assert.deepEqual([...documented].filter((name) => !scraped.has(name) && !NOT_HERE.test(name)), [], "scraped");
});

test("no label has a path, an id or what a user made up", async () => {
  const before = await series();
  for (let n = 0; n < 20; n += 1) {
    await fetch(`${cluster.url}/api/made-up/${n}`);
    await admin.get(`/api/notebooks/${crypto.randomUUID()}`).catch(() => undefined);
  }
  const grown = (await series()) - before;
  // At most a new status of an endpoint, in a counter and a histogram.
  assert.ok(grown <= 40, `${grown} more series`);
});

/** How many series the api has. */
async function series() {
  const text = await (await fetch(`http://${cluster.apis[0].inside}/metrics`)).text();
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
}

test("a question is one trace in every process that it passes", async () => {
  for (const service of ["collabry-api", "collabry-ai-engine"]) {
    await until(`${service} sends its spans`, () => collector.has(service, TRACE));
  }
  assert.ok(!collector.has("collabry-worker", TRACE), "which had no part in it");
  for (const part of [...cluster.apis, ...cluster.engines]) assert.ok(part.output.includes(TRACE), `the log of ${part.name}`);
});

test("lines are JSON where nobody sits at a terminal", () => {
  const lines = cluster.apis[0].output.split("\n").filter((line) => line.includes('"message":"request"'));
  assert.ok(lines.length > 0);
  for (const line of lines) {
    const { path, status, ms, spans } = JSON.parse(line);
    assert.ok(path && status && ms !== undefined && spans[0].trace_id.length === 32, line);
  }
});

test("an admin changes what every process logs", async () => {
  const parts = { api: cluster.apis[0], "ai-engine": cluster.engines[0], worker: cluster.workers[0] };
  const changes = (role) => parts[role].output.split("\n").filter((line) => line.includes("log level changed")).length;
  assert.ok(!parts.worker.output.includes('"DEBUG"'));
  await admin.put("/api/admin/log-level", { filter: "debug", forSecs: 300 });
  for (const role of ROLES) await until(`${role} has changed`, () => changes(role) === 1);
  await until("the worker says more", () => parts.worker.output.includes('"DEBUG"'));
  await admin.delete("/api/admin/log-level");
  for (const role of ROLES) await until(`${role} is as before`, () => changes(role) === 2);
});
