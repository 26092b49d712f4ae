// What a server spends on accepting a socket: upgrade, Engine.IO and Socket.IO handshakes, token, rooms.

import { cpuOf } from "../../e2e/support/memory.js";
import { many } from "../../e2e/support/raw-socket.js";

const WARM = 500;
const SOCKETS = 2_000;

/** @param {import("./ours.js").Ours | import("./peer.js").Peer} side */
export async function sockets(side) {
  const [{ pid }] = side.replicas;
  const open = (count) => many(count, () => side.connect(0));
  const warm = await open(WARM);
  const before = await cpuOf(pid);
  const opened = await open(SOCKETS);
  const spent = (await cpuOf(pid)) - before;
  [...warm, ...opened].forEach((socket) => socket.close());
  return { "accepted socket, CPU": { value: spent / SOCKETS, unit: "ms" } };
}
