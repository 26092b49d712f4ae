// Memory of the server's process.

import { readFile } from "node:fs/promises";

/**
 * Reports what is resident, and how much of it is mapped files (the program itself and the model's weights), which the
 * kernel can drop.
 * @param {import("./report.js").Report} report @param {string} when @param {number} pid
 */
export async function memory(report, when, pid) {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const mib = (field) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1024;
  report.figure(`memory ${when}: resident`, mib("VmRSS"), "MiB");
  report.figure(`memory ${when}: of it mapped files`, mib("RssFile"), "MiB");
}
