// What idle sockets hold: the whole process, and one more of them.

import { setTimeout as sleep } from "node:timers/promises";

import { memoryOf } from "../../e2e/support/memory.js";
import { many } from "../../e2e/support/raw-socket.js";

const STEPS = [1_000, 5_000];
const MIB = 1024 * 1024;
/** Until what a handshake needed is given back. */
const REST_MS = 5_000;

/** @param {import("./ours.js").Ours | import("./peer.js").Peer} side */
export async function memory(side) {
  const [{ pid }] = side.replicas;
  const figures = {};
  const open = [];
  const held = [];
  for (const count of STEPS) {
    open.push(...(await many(count - open.length, () => side.connect(0))));
    await sleep(REST_MS);
    const { resident, proportional } = await memoryOf(pid);
    held.push(proportional);
    figures[`memory at ${count} idle sockets, resident`] = { value: resident / MIB, unit: "MiB" };
    figures[`memory at ${count} idle sockets, proportional`] = { value: proportional / MIB, unit: "MiB" };
  }
  figures["one more idle socket"] = { value: (held[1] - held[0]) / (STEPS[1] - STEPS[0]) / 1024, unit: "KiB" };
  open.forEach((socket) => socket.close());
  return figures;
}
