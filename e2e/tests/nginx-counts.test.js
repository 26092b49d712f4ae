// What nginx answers is counted, as in its image: by mtail, which hears of each request.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { Service } from "../cluster/service.js";
import { freePort } from "../support/ports.js";
import { certificate, folder, proxied } from "../support/proxy.js";
import { until } from "../support/wait.js";

const PROGRAM = resolve(import.meta.dirname, "../../nginx/metrics.mtail");

/** mtail as the image runs it. */
async function counting(t) {
  const [port, count] = [await freePort(), await freePort()];
  const metrics = `http://127.0.0.1:${port}/metrics`;
  const mtail = new Service({
    name: "mtail",
    program: "mtail",
    args: ["--progs", PROGRAM, "--logs", `udp://127.0.0.1:${count}`, "--address", "127.0.0.1", "--port", String(port), "--emit_prog_label=false", "--logtostderr"],
    ready: () => fetch(metrics).then((answer) => answer.ok, () => false),
  });
  t.after(() => mtail.destroy());
  await mtail.start();
  const value = async (name) => Number((await (await fetch(metrics)).text()).split("\n").find((line) => line.startsWith(`${name} `))?.split(" ")[1]);
  return { to: `127.0.0.1:${count}`, value };
}

test("what nginx answers is counted, and what no replica answers", async (t) => {
  const { to, value } = await counting(t);
  const { url, upstreams: [replica] } = await proxied(t, 1, { NGINX_COUNT_TO: to });
  const ask = async () => (await fetch(`${url}/api/notebooks`)).status;

  assert.equal(await ask(), 200);
  await until("it is counted", async () => (await value('collabry_front_requests_total{answered_by="api",status_code="200"}')) === 1);
  replica.answer = (request, response) => {
    request.resume();
    response.writeHead(503).end();
  };
  assert.equal(await ask(), 503);
  await until("that it refuses is its own answer", async () => (await value('collabry_front_requests_total{answered_by="api",status_code="503"}')) === 1);

  await replica.end();
  for (let times = 0; times < 4; times += 1) assert.equal(await ask(), 503);
  await until("the failures are counted", async () => (await value('collabry_front_requests_total{answered_by="nobody",status_code="503"}')) === 4);
});

test("the image says when its certificate expires", async (t) => {
  const { to, value } = await counting(t);
  const into = await folder(t);
  const files = await certificate(into);
  await writeFile(join(into, "settings"), `NGINX_SERVER_NAME=_\nNGINX_CERTIFICATE=${files.NGINX_CERTIFICATE}\n`);
  const tell = 'CURRENT=$1 SECONDS=0; . "$2"; tell_expiry';
  const count = resolve(import.meta.dirname, "../../docker/front/count.sh");
  await promisify(execFile)("bash", ["-euo", "pipefail", "-c", tell, "bash", into, count], { env: { ...process.env, NGINX_COUNT_TO: to } });
  const inDays = async () => ((await value("collabry_front_certificate_expiry_time_seconds")) * 1000 - Date.now()) / 86_400_000;
  // It is made for two days.
  await until("it is told", async () => (await inDays()) > 1 && (await inDays()) < 3);
});
