// Ports of our own. They lie below those that the system gives to outgoing connections, and each process hands out ports of
// its own blocks: what was free when it was handed out is free when a server listens.

import { createServer } from "node:net";

/** Most systems give outgoing connections 32768 and up; servers with well-known ports are below. */
const [FIRST, LAST] = [15_000, 32_699];
const BLOCK = 100;
const BLOCKS = (LAST + 1 - FIRST) / BLOCK;

/** The ports of our block that were not handed out yet. @type {number[]} */
let rest = [];
/** One after the other, so that no port is handed out twice. @type {Promise<unknown>} */
let handing = Promise.resolve();

/** A port that is free now. */
export async function freePort() {
  const [port] = await freePorts(1);
  return port;
}

/** As many different ports that are free now. @param {number} count @returns {Promise<number[]>} */
export function freePorts(count) {
  const handed = handing.then(async () => {
    const ports = [];
    while (ports.length < count) {
      if (rest.length === 0) rest = await block();
      const port = /** @type {number} */ (rest.shift());
      if (await isFree(port)) ports.push(port);
    }
    return ports;
  });
  handing = handed.catch(() => {});
  return handed;
}

/** Whether nobody listens on a port of this machine. @param {number} port */
export async function isFree(port) {
  const listener = await listen(port);
  if (!listener) return false;
  await new Promise((closed) => listener.close(closed));
  return true;
}

/** A block that no other process has: who listens on its first port has it, until it ends. */
async function block() {
  const begin = Math.floor(Math.random() * BLOCKS);
  for (let n = 0; n < BLOCKS; n += 1) {
    const first = FIRST + ((begin + n) % BLOCKS) * BLOCK;
    const mark = await listen(first);
    if (!mark) continue;
    mark.unref();
    return Array.from({ length: BLOCK - 1 }, (_, of) => first + 1 + of);
  }
  throw new Error(`every block of ports between ${FIRST} and ${LAST} is taken`);
}

/** @param {number} port @returns {Promise<import("node:net").Server | undefined>} nothing: somebody else listens */
function listen(port) {
  return new Promise((answer, fail) => {
    const listener = createServer();
    listener.once("error", (error) => ("code" in error && error.code === "EADDRINUSE" ? answer(undefined) : fail(error)));
    listener.listen(port, "127.0.0.1", () => answer(listener));
  });
}
