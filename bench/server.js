// Measures the running server from outside: `node bench/server.js [--json] [--scale 0.1] [part …]`, where the parts are
// `questions`, `searches`, `ingestion` and `restarts`; all of them when none is named.
//
// Client and server share the machine's cores, so the times are those that a client on the same machine sees.

import { parseArgs } from "node:util";

import { Server } from "../e2e/support/server.js";
import { besideOthers, library } from "./server/ingestion.js";
import { memory } from "./server/memory.js";
import { questions } from "./server/questions.js";
import { Report } from "./server/report.js";
import { searches } from "./server/searches.js";
import { restarts } from "./server/startup.js";

const PARTS = ["questions", "searches", "ingestion", "restarts"];
const SOURCES = 30;
const PAGES_PER_SOURCE = 33;
const QUESTIONS = 300;
const ASKERS = 8;
const SEARCHES = 1000;
const LONG_PDF_PAGES = 200;
const QUIET_SECS = 20;
const RESTARTS = 10;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false }, scale: { type: "string", default: "1" } },
});
for (const part of positionals) if (!PARTS.includes(part)) throw new Error(`no part ${part}; there are ${PARTS.join(", ")}`);
const wanted = (part) => positionals.length === 0 || positionals.includes(part);
const scaled = (count) => Math.max(1, Math.round(count * Number(values.scale)));

/** What has to be undone at the end, last first. */
const undo = [];
const scope = { after: (fn) => undo.unshift(fn) };

const report = new Report(values.json);
try {
  await measure();
  report.print();
} finally {
  for (const fn of undo) await fn();
}

async function measure() {
  const server = await Server.start(scope);
  await memory(report, "after the first start", server.pid);
  const [owner, other] = [await server.account("Owner"), await server.account("Other")];
  if (wanted("questions") || wanted("searches")) {
    report.progress(`ingesting ${SOURCES} sources`);
    const world = await library(owner, SOURCES, scaled(PAGES_PER_SOURCE));
    report.figure("library: passages", world.passages, "");
    await memory(report, "after ingesting it", server.pid);
    if (wanted("questions")) await questions(report, scope, server, { owner, ...world }, ASKERS, scaled(QUESTIONS));
    if (wanted("searches")) await searches(report, { owner, ...world }, scaled(SEARCHES));
    await memory(report, "with it loaded for search", server.pid);
  }
  if (wanted("ingestion")) {
    await besideOthers(report, scope, owner, other, scaled(LONG_PDF_PAGES), scaled(QUIET_SECS));
    await memory(report, "after the long PDF", server.pid);
  }
  if (wanted("restarts")) {
    await restarts(report, server, RESTARTS);
    await memory(report, "after a restart", server.pid);
  }
}
