// A door in front of a server that can lose what the server says: everything is sent and nothing answered, as behind a
// network that broke in one direction. Connections stay open.

import { connect, createServer } from "node:net";

export class Mute {
  /** @type {Set<import("node:net").Socket>} */
  #open = new Set();
  silent = false;

  /** @param {number} target port on this machine */
  constructor(target) {
    this.server = createServer({ noDelay: true }, (outside) => {
      const inside = connect({ port: target, host: "127.0.0.1", noDelay: true });
      for (const [socket, other] of [[outside, inside], [inside, outside]]) {
        this.#open.add(socket);
        socket.on("error", () => socket.destroy());
        socket.on("close", () => {
          this.#open.delete(socket);
          other.destroy();
        });
      }
      outside.pipe(inside);
      inside.on("data", (said) => this.silent || outside.write(said));
    });
  }

  /** @param {{ after(fn: () => unknown): void }} test @param {number} target */
  static async open(test, target) {
    const mute = new Mute(target);
    test.after(() => {
      mute.server.close();
      mute.#open.forEach((socket) => socket.destroy());
    });
    mute.server.listen(0, "127.0.0.1");
    await new Promise((listening) => mute.server.once("listening", listening));
    mute.port = /** @type {import("node:net").AddressInfo} */ (mute.server.address()).port;
    return mute;
  }
}
