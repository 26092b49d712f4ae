// What a server spends on a request that asks the shared limiter: one that is let through, and one that is refused.

import { Agent, request } from "node:http";

import { cpuOf } from "../../e2e/support/memory.js";

const WARM = 500;
const REQUESTS = 5_000;
const AT_ONCE = 16;

/** @param {import("./ours.js").Ours | import("./peer.js").Peer} side */
export async function limits(side) {
  const { open, shut } = await side.limited();
  return {
    "request within its limit, CPU": await perRequest(side, open, 200),
    "request over its limit, CPU": await perRequest(side, shut, 429),
  };
}

async function perRequest(side, { url, pid }, expected) {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  await send(url, agent, side.headers, WARM);
  const before = await cpuOf(pid);
  const statuses = await send(url, agent, side.headers, REQUESTS);
  const spent = (await cpuOf(pid)) - before;
  agent.destroy();
  if (statuses.some((status) => status !== expected)) throw new Error(`${url}: ${new Set(statuses)}, not ${expected}`);
  return { value: spent / REQUESTS, unit: "ms" };
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
