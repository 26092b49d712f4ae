// Requests, many at once over kept connections, and what a process spends on each.

import { Agent, request } from "node:http";

import { cpuOf } from "../../e2e/support/memory.js";

const WARM = 500;
const AT_ONCE = 16;

/** @typedef {{ url: string, pid: number }} Address what is asked, and the process that answers */

/**
 * Processor time that a process spends on a request, in milliseconds.
 * @param {Address} address @param {Record<string, string>} headers @param {number} expected status
 * @param {number} [count] requests
 */
export async function perRequest({ url, pid }, headers, expected, count = 5_000) {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  await send(url, agent, headers, WARM);
  const before = await cpuOf(pid);
  const statuses = await send(url, agent, headers, count);
  const spent = (await cpuOf(pid)) - before;
  agent.destroy();
  if (statuses.some((status) => status !== expected)) throw new Error(`${url}: ${[...new Set(statuses)]}, not ${expected}`);
  return spent / count;
}

/** @returns {Promise<number[]>} */
async function send(url, agent, headers, count) {
  const statuses = [];
  let next = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next++ < count) statuses.push(await one(url, agent, headers));
  }));
  return statuses;
}

function one(url, agent, headers) {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent, headers }, (answer) => {
      answer.resume().on("end", () => resolve(answer.statusCode));
    });
    asked.on("error", reject).end();
  });
}
