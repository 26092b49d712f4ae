// Measures replicas of the api beside a minimal Node server in one run: `node bench/cluster.js [--json] [part …]`, where the
// parts are `sockets`, `delivery`, `limits`, `streams` and `memory`; all of them when none is named.
//
// What is compared is what a server's own process takes from the machine: processor time from /proc/PID/stat and memory
// from /proc/PID/smaps_rollup. The driver runs on the same machine and is not in these figures; it says how busy it was,
// and offers no more than it can take.

import { parseArgs } from "node:util";

import { Report } from "./server/report.js";
import { Ours } from "./cluster/ours.js";
import { Peer } from "./cluster/peer.js";
import { delivery } from "./cluster/delivery.js";
import { limits } from "./cluster/limits.js";
import { memory } from "./cluster/memory.js";
import { sockets } from "./cluster/sockets.js";
import { streams } from "./cluster/streams.js";
import { Provider } from "../e2e/support/provider.js";

const PARTS = { sockets, delivery, limits, streams, memory };

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: "boolean", default: false } } });
for (const part of positionals) if (!(part in PARTS)) throw new Error(`no part ${part}; there are ${Object.keys(PARTS).join(", ")}`);

/** What has to be undone at the end, last first. */
const undo = [];
const scope = { after: (fn) => undo.unshift(fn) };
const report = new Report(values.json);
try {
  const provider = await Provider.start(scope);
  for (const [name, measure] of Object.entries(PARTS)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    // Fresh processes for each part and each side, so that none inherits the memory of another.
    const figures = {};
    for (const Side of [Ours, Peer]) {
      report.progress(`${name}: ${Side.title}`);
      const side = await Side.start(scope, provider);
      const begun = [process.cpuUsage(), performance.now()];
      figures[Side.title] = await measure(side);
      const { user, system } = process.cpuUsage(begun[0]);
      const busy = (user + system) / 10 / (performance.now() - begun[1]);
      if (busy > 90) report.progress(`the driver was ${Math.round(busy)} % busy: it may have been the bottleneck`);
      await side.end();
    }
    compare(figures.Collabry, figures.Node);
  }
  report.print();
} finally {
  for (const fn of undo) await fn();
}

/** @param {Record<string, { value: number, unit: string }>} ours @param {Record<string, { value: number, unit: string }>} peers */
function compare(ours, peers) {
  for (const [name, { value, unit }] of Object.entries(ours)) {
    report.figure(`${name}: Collabry`, value, unit);
    if (!peers[name]) continue;
    report.figure(`${name}: Node`, peers[name].value, unit);
    report.figure(`${name}: ratio`, value / peers[name].value, "");
  }
}
