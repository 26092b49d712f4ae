// A stand-in for an api replica, to see what a proxy makes of requests: it notes each one and answers as the test says.

import { createHash } from "node:crypto";
import { createServer } from "node:http";

/** Of the WebSocket protocol. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** @typedef {{ method: string, url: string, headers: import("node:http").IncomingHttpHeaders }} Seen */

export class Upstream {
  /** @type {Seen[]} */
  seen = [];
  /** @type {Set<import("node:stream").Duplex>} */
  #upgraded = new Set();
  /** @type {(request: import("node:http").IncomingMessage, response: import("node:http").ServerResponse) => unknown} */
  answer = (request, response) => {
    request.resume();
    response.end(this.name);
  };

  /** @param {string} name */
  constructor(name) {
    this.name = name;
    this.server = createServer((request, response) => {
      this.#note(request);
      this.answer(request, response);
    });
    this.server.on("upgrade", (request, socket) => {
      this.#note(request);
      const key = createHash("sha1").update(`${request.headers["sec-websocket-key"]}${GUID}`).digest("base64");
      this.#upgraded.add(socket);
      socket.on("error", () => socket.destroy());
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
          `Sec-WebSocket-Accept: ${key}\r\nX-Upstream: ${this.name}\r\n\r\n`,
      );
    });
  }

  #note({ method = "", url = "", headers }) {
    this.seen.push({ method, url, headers });
  }

  /** Listens on a port of its own until the test ends. @param {{ after(fn: () => unknown): void }} test */
  static async start(test, name = "upstream") {
    const upstream = new Upstream(name);
    test.after(() => upstream.end());
    await upstream.listen(0);
    return upstream;
  }

  async listen(port = this.port) {
    this.server.listen(port, "127.0.0.1");
    await new Promise((listening) => this.server.once("listening", listening));
    this.port = /** @type {import("node:net").AddressInfo} */ (this.server.address()).port;
  }

  get address() {
    return `127.0.0.1:${this.port}`;
  }

  async end() {
    if (!this.server.listening) return;
    const closed = new Promise((end) => this.server.close(end));
    this.server.closeAllConnections();
    this.#upgraded.forEach((socket) => socket.destroy());
    await closed;
  }
}
