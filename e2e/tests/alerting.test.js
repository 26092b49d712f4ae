// An alert that fires reaches people: a real Prometheus, a real Alertmanager with the settings of its operator, and whoever
// listens to its webhook and its mail.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer as createHttp } from "node:http";
import { createServer as createTcp } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";

import { Service } from "../cluster/service.js";
import { freePort } from "../support/ports.js";
import { Prometheus } from "../support/prometheus.js";
import { until } from "../support/wait.js";

const HERE = resolve(import.meta.dirname, "../../docker/observability");
const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), "collabry-alerting-"));
after(() => rm(folder, { recursive: true, force: true }));

/** @param {import("node:net").Server} server */
async function listening(server) {
  after(() => server.close());
  await new Promise((done) => server.listen(0, "127.0.0.1", () => done(undefined)));
  return `127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`;
}

/** @type {any[]} what came by webhook */
const posted = [];
const webhook = await listening(createHttp(async (request, response) => {
  let body = "";
  for await (const part of request) body += part;
  posted.push(...JSON.parse(body).alerts);
  response.end();
}));

/** What came by mail. */
let mail = "";
const smtp = await listening(createTcp((socket) => {
  let writing = false;
  socket.write("220 sink\r\n");
  socket.on("error", () => socket.destroy());
  socket.on("data", (data) => {
    const text = String(data);
    mail += text;
    if (writing) {
      if (text.endsWith("\r\n.\r\n")) {
        writing = false;
        socket.write("250 kept\r\n");
      }
      return;
    }
    writing = /^DATA/im.test(text);
    socket.write(writing ? "354 go on\r\n" : /^QUIT/im.test(text) ? "221 bye\r\n" : "250 yes\r\n");
  });
}));

const alertmanager = (env, ...args) => ({
  program: join(HERE, "alertmanager.sh"),
  args: [folder, ...args],
  env: { PATH: process.env.PATH, ALERTMANAGER: "prometheus-alertmanager", ALERT_WAIT: "1s", ...env },
});

test("without anybody to tell Alertmanager does not start, and says what is missing", async () => {
  const refused = async (env) => {
    const { program, args, env: environment } = alertmanager(env);
    const error = await run(program, args, { env: environment }).catch((error) => error);
    assert.equal(error.code, 64);
    return error.stderr;
  };
  assert.match(await refused({}), /alerts would reach nobody: set ALERT_WEBHOOK or ALERT_MAIL_TO/);
  assert.match(await refused({ ALERT_MAIL_TO: "ada@example.org" }), /ALERT_MAIL_TO needs ALERT_SMTP/);
});

test("an alert that fires arrives at the webhook and as a mail, with its runbook, and so does its end", async (t) => {
  // A process that cannot reach Redis, until it can.
  let redis = 0;
  const target = await listening(createHttp((_, response) => {
    const lines = ['collabry_build_info{role="api",version="1"} 1', `collabry_redis_up ${redis}`];
    response.setHeader("content-type", "text/plain; version=0.0.4").end(`${lines.join("\n")}\n`);
  }));
  const at = `127.0.0.1:${await freePort()}`;
  const service = new Service({
    name: "alertmanager",
    ...alertmanager(
      {
        ALERT_WEBHOOK: `http://${webhook}/alerts?key='quoted'`,
        ALERT_MAIL_TO: "ada@example.org",
        ALERT_MAIL_FROM: "collabry@example.org",
        ALERT_SMTP: smtp,
        ALERT_SMTP_TLS: "false",
      },
      `--web.listen-address=${at}`,
      "--cluster.listen-address=",
    ),
    ready: () => fetch(`http://${at}/-/ready`).then((answer) => answer.ok, () => false),
  });
  t.after(() => service.destroy());
  await service.start();

  const rules = join(folder, "alerts.yml");
  const real = await readFile(join(HERE, "alerts.yml"), "utf8");
  // As shipped, but nobody waits for half a minute here.
  await writeFile(rules, real.replaceAll(/for: \w+/g, "for: 1s"));
  await Prometheus.start(t, folder, { collabry: [target] }, rules, [at]);

  const came = (status) => posted.find((one) => one.labels.alertname === "CollabryRedisDown" && one.status === status);
  await until("the webhook hears of it", async () => came("firing") !== undefined);
  const { labels, annotations } = came("firing");
  assert.equal(labels.severity, "page");
  assert.match(annotations.summary, /cannot reach Redis$/);
  assert.match(annotations.runbook_url, /^docs\/runbooks\.md#collabryredisdown$/);
  await until("the mail comes", async () => mail.includes("CollabryRedisDown"));
  assert.match(mail, /RCPT TO:<ada@example\.org>/);

  redis = 1;
  await until("the webhook hears that it is over", async () => came("resolved") !== undefined);
});
