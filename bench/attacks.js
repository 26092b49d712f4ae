// One person against everybody: `node bench/attacks.js [--json] [--seconds 20] [part …]`.
//
// A server with its default limits, an attacker with a free account, and somebody else who works: lists their notebooks,
// sends a message, asks the built-in answerer, uploads a small file. For each part the other person's times are printed
// without the attack and with it, their ratio, and the memory of the server before, at most, and afterwards.

import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

import { PARTS } from "./attacks/parts.js";
import { Victim } from "./attacks/victim.js";
import { Report } from "./server/report.js";
import { memoryOf } from "../e2e/support/memory.js";
import { Provider } from "../e2e/support/provider.js";
import { Server } from "../e2e/support/server.js";

const MIB = 1024 * 1024;
const LOOK_MS = 250;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false }, seconds: { type: "string", default: "20" } },
});
for (const part of positionals) if (!(part in PARTS)) throw new Error(`no part ${part}; there are ${Object.keys(PARTS).join(", ")}`);
const ms = Number(values.seconds) * 1_000;

/** What has to be undone at the end, last first. */
const undo = [];
const scope = { after: (fn) => undo.unshift(fn) };
const report = new Report(values.json);

try {
  const provider = await Provider.start(scope);
  for (const [name, attack] of Object.entries(PARTS)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    report.progress(name);
    // A server of its own for each, with the limits that are the default but for those by address: all come from one here.
    const settings = { ...provider.settings, ...defaultLimits(), COLLABRY_LIMIT_ANONYMOUS: "1000000", COLLABRY_LIMIT_FLOOD: "1000000" };
    const server = await Server.start(scope, settings);
    const victim = await Victim.of(server);
    const quiet = await victim.work(ms);
    const before = (await memoryOf(server.pid)).resident;
    let peak = before;
    let over = false;
    const watching = (async () => {
      for (; !over; await sleep(LOOK_MS)) peak = Math.max(peak, (await memoryOf(server.pid)).resident);
    })();
    const stop = await attack(server, scope);
    const attacked = await victim.work(ms);
    await stop();
    over = true;
    await watching;
    for (const what of Object.keys(quiet)) {
      report.durations(`${name}: ${what}, alone`, quiet[what]);
      if (attacked[what].length === 0) {
        report.figure(`${name}: ${what}, answers meanwhile`, 0, "");
        continue;
      }
      report.durations(`${name}: ${what}, attacked`, attacked[what]);
      report.figure(`${name}: ${what}, p99 ratio`, p99(attacked[what]) / p99(quiet[what]), "");
    }
    report.figure(`${name}: failures of the other person`, victim.failures, "");
    report.figure(`${name}: memory before`, before / MIB, "MiB");
    report.figure(`${name}: memory at most`, peak / MIB, "MiB");
    report.figure(`${name}: memory afterwards`, (await memoryOf(server.pid)).resident / MIB, "MiB");
    await server.kill();
  }
  report.print();
} finally {
  for (const fn of undo) await fn();
}

/** Undoes what tests set: an empty setting is the default. */
function defaultLimits() {
  const names = ["SIGN_IN", "API", "EVENTS", "MESSAGES", "UPLOADS", "UNFINISHED_ANSWERS", "DAILY_ANSWERS", "DAILY_ANSWERS_OF_ALL", "SOCKETS", "SOCKET_EVENTS", "CONNECTIONS", "ADDRESS_CONNECTIONS"];
  return Object.fromEntries(names.map((name) => [`COLLABRY_LIMIT_${name}`, ""]));
}

/** @param {number[]} times */
function p99(times) {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.99) - 1];
}
