// A door in front of a server: while it is shut, connections are refused and the open ones are gone, as if the server
// were stopped, and it keeps what it has. It may also hold up whatever passes, or lose what the server says.

import { connect, createServer } from "node:net";
import { Transform } from "node:stream";

export class Gate {
  /** @type {Set<import("node:net").Socket>} */
  #open = new Set();
  /** How long each piece is held up, in milliseconds. */
  delay = 0;
  /** Everything is sent and nothing answered, as behind a network that broke in one direction; connections stay open. */
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
      outside.pipe(this.#hold()).pipe(inside).pipe(this.#hold(true)).pipe(outside);
    });
  }

  #hold(isAnswer = false) {
    return new Transform({
      transform: (piece, _, done) => {
        if (isAnswer && this.silent) done();
        else if (this.delay === 0) done(null, piece);
        else setTimeout(() => done(null, piece), this.delay);
      },
    });
  }

  /** Opens one that shuts for good with the test. @param {{ after(fn: () => unknown): void }} test @param {number} target */
  static async open(test, target) {
    const gate = new Gate(target);
    test.after(() => gate.shut());
    await gate.open(0);
    return gate;
  }

  async open(port = this.port) {
    this.server.listen(port, "127.0.0.1");
    await new Promise((listening) => this.server.once("listening", listening));
    this.port = /** @type {import("node:net").AddressInfo} */ (this.server.address()).port;
  }

  async shut() {
    if (!this.server.listening) return;
    const closed = new Promise((end) => this.server.close(end));
    this.#open.forEach((socket) => socket.destroy());
    await closed;
  }
}
