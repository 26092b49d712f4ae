// A Socket.IO client of a few lines over a bare WebSocket: cheap enough for thousands, and able to misbehave.

import { WebSocket } from "ws";

export class RawSocket {
  /** Frames that came. */
  received = 0;
  /** Acknowledgements by number. @type {Map<number, (answer: any) => void>} */
  #asked = new Map();
  #next = 0;

  /**
   * @param {string} url
   * @param {string} token
   * @param {(text: string) => void} [onText] each frame but pings and acknowledgements
   */
  constructor(url, token, onText) {
    this.socket = new WebSocket(`${url.replace(/^http/, "ws")}/socket.io/?EIO=4&transport=websocket`, { perMessageDeflate: false });
    this.closed = new Promise((end) => this.socket.once("close", end));
    /** @type {Promise<this>} */
    this.connected = new Promise((resolve, reject) => {
      this.socket.once("error", reject);
      this.socket.once("close", () => reject(new Error("the connection was closed")));
      this.socket.on("message", (data) => {
        const text = String(data);
        this.received += 1;
        if (text === "2") this.socket.send("3");
        else if (text.startsWith("0")) this.socket.send(`40${JSON.stringify({ token })}`);
        else if (text.startsWith("40")) resolve(this);
        else if (text.startsWith("44")) reject(new Error(text));
        else if (text.startsWith("43")) this.#acknowledged(text.slice(2));
        else onText?.(text);
      });
    });
    this.connected.catch(() => {});
  }

  #acknowledged(text) {
    const at = text.indexOf("[");
    const number = Number(text.slice(0, at));
    this.#asked.get(number)?.(JSON.parse(text.slice(at))[0]);
    this.#asked.delete(number);
  }

  /** Resolves with the acknowledgement. @param {string} name @param {unknown} payload @returns {Promise<any>} */
  ask(name, payload) {
    const number = this.#next++;
    const answer = new Promise((resolve) => this.#asked.set(number, resolve));
    this.socket.send(`42${number}${JSON.stringify([name, payload])}`);
    return answer;
  }

  /** Reads nothing any more, without saying so. */
  stopReading() {
    this.socket.pause();
  }

  close() {
    this.socket.terminate();
  }
}

/**
 * Many of them, some at a time.
 * @param {number} count
 * @param {(n: number) => RawSocket} make
 */
export async function many(count, make, atOnce = 50) {
  const sockets = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(atOnce, count - sockets.length) }, (_, n) => make(sockets.length + n));
    await Promise.all(some.map((socket) => socket.connected));
    sockets.push(...some);
  }
  return sockets;
}
