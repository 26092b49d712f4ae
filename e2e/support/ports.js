// Ports of our own.

import { createServer } from "node:net";

/** A port that is free now. */
export async function freePort() {
  const [port] = await freePorts(1);
  return port;
}

/** Whether nobody listens on a port of this machine. @param {number} port */
export async function isFree(port) {
  const listener = createServer();
  const free = new Promise((answer) => listener.once("listening", () => answer(true)).once("error", () => answer(false)));
  listener.listen(port, "127.0.0.1");
  if (!(await free)) return false;
  await new Promise((closed) => listener.close(closed));
  return true;
}

/** As many different ports that are free now. @param {number} count */
export async function freePorts(count) {
  const listeners = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(listeners.map((listener) => new Promise((listening) => listener.once("listening", listening))));
  const ports = listeners.map((listener) => /** @type {import("node:net").AddressInfo} */ (listener.address()).port);
  await Promise.all(listeners.map((listener) => new Promise((closed) => listener.close(closed))));
  return ports;
}
