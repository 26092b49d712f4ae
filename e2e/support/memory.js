// What a process costs, from the system's accounts.

import { readFile } from "node:fs/promises";

/**
 * Memory in bytes: resident, and its share of what it has in common with others (proportional).
 * @param {number} pid
 */
export async function memoryOf(pid) {
  // A server's own is closed to everybody but root; what is open says as much, without what is shared.
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => null);
  if (rollup === null) {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    const of = (/** @type {string} */ field) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
    return { resident: of("VmRSS"), proportional: of("VmRSS"), anonymous: of("RssAnon") };
  }
  const bytes = (/** @type {string} */ field) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(rollup)?.[1]) * 1024;
  return { resident: bytes("Rss"), proportional: bytes("Pss"), anonymous: bytes("Anonymous") };
}

/** Ticks of the system's clock in a second, which Linux has fixed for programs. */
const TICKS = 100;

/** Processor time in milliseconds, of all its threads, since it began. @public For bench. @param {number} pid */
export async function cpuOf(pid) {
  const { user, system } = await timesOf(pid);
  return user + system;
}

/** The same, by where it was spent: in the program itself, and in the kernel for it. @public For bench. @param {number} pid */
export async function timesOf(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // The name in brackets may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  return { user: (user * 1000) / TICKS, system: (system * 1000) / TICKS };
}
