// What logs and traces cost a replica of the api: `node bench/telemetry.js [--json]`. Replicas that differ only in what they
// tell take turns with the same request, and each one's median of the rounds counts.

import { parseArgs } from "node:util";

import { Cluster } from "../e2e/cluster/cluster.js";
import { Collector } from "../e2e/support/collector.js";
import { perRequest } from "./cluster/requests.js";
import { Report } from "./server/report.js";

const ROUNDS = 7;
const QUIET = "neither logs nor traces";

const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
/** What has to be undone at the end, last first. */
const undo = [];
const scope = { after: (fn) => undo.unshift(fn) };
const report = new Report(values.json);
try {
  const collector = await Collector.start(scope);
  const traced = (share) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, COLLABRY_TRACE_SAMPLE: share });
  const kinds = {
    [QUIET]: { COLLABRY_LOG: "warn" },
    "a line of JSON each": {},
    "a line each, one in ten traced": traced("0.1"),
    "a line each, all traced": traced("1"),
  };
  const cluster = await Cluster.start(scope, { apis: 1, engines: 1, settings: { COLLABRY_LOG_FORMAT: "json" } });
  const ada = await cluster.account("Ada");
  const headers = { authorization: `Bearer ${ada.token}` };
  const replicas = [];
  for (const [name, settings] of Object.entries(kinds)) {
    const { url, pid } = await cluster.addApi(settings);
    replicas.push({ name, address: { url: `${url}/api/auth/me`, pid }, spent: [] });
  }
  for (let round = 1; round <= ROUNDS; round += 1) {
    report.progress(`round ${round} of ${ROUNDS}`);
    for (const { address, spent } of replicas) spent.push(await perRequest(address, headers, 200));
  }
  const median = (all) => all.sort((a, b) => a - b)[Math.floor(all.length / 2)];
  const of = Object.fromEntries(replicas.map(({ name, spent }) => [name, median(spent)]));
  for (const [name, spent] of Object.entries(of)) {
    report.figure(`request, CPU: ${name}`, 1000 * spent, "µs");
    if (name !== QUIET) report.figure(`request, CPU: ${name}, ratio`, spent / of[QUIET], "");
  }
  report.print();
} finally {
  for (const fn of undo) await fn();
}
