// A person's live connection, by the official client; remembers everything it hears.

import { io } from "socket.io-client";

import { within } from "./wait.js";

export class Live {
  /** @type {{ name: string, payload: any }[]} */
  received = [];
  /** @type {Set<() => void>} */
  #waiting = new Set();

  /**
   * @param {string} url
   * @param {() => string | undefined} token
   * @param {Partial<import("socket.io-client").ManagerOptions & import("socket.io-client").SocketOptions>} [options]
   */
  constructor(url, token, options = {}) {
    this.socket = io(url, {
      auth: (give) => give({ token: token() }),
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 500,
      ...options,
    });
    this.socket.onAny((name, payload) => this.#note(name, payload));
    this.socket.on("connect", () => this.#note("connect", this.socket.id));
    this.socket.on("disconnect", (reason) => this.#note("disconnect", reason));
    this.socket.on("connect_error", (error) => this.#note("connect_error", error.message));
  }

  /**
   * A connection of an account that ends with the test.
   * @param {{ after(fn: () => unknown): void }} test
   * @param {import("./account.js").Account} account
   * @param {ConstructorParameters<typeof Live>[2]} [options]
   */
  static async connect(test, account, options) {
    const live = Live.open(test, account.url, () => account.token, options);
    await live.next("connect");
    return live;
  }

  /** Like `connect`, without waiting for an answer. */
  static open(test, url, token, options) {
    const live = new Live(url, token, options);
    test.after(() => live.socket.disconnect());
    return live;
  }

  #note(name, payload) {
    this.received.push({ name, payload });
    for (const look of this.#waiting) look();
  }

  /** Payloads of one kind so far. @param {string} name */
  all(name) {
    return this.received.filter((event) => event.name === name).map((event) => event.payload);
  }

  /**
   * The first event of this kind that fits, among those received already and those to come.
   * @param {string | string[]} name one of these
   * @param {(payload: any) => boolean} [fits]
   * @param {number} [from] what was received before this index does not count
   */
  async next(name, fits = () => true, from = 0) {
    const names = [name].flat();
    let look;
    const found = new Promise((resolve, reject) => {
      look = () => {
        try {
          const event = this.received.slice(from).find((event) => names.includes(event.name) && fits(event.payload));
          if (event) resolve(event.payload);
        } catch (error) {
          reject(error);
        }
      };
      this.#waiting.add(look);
      look();
    });
    try {
      return await within(found, `${names} ${fits}`);
    } finally {
      this.#waiting.delete(look);
    }
  }

  /** Emits and returns the acknowledgement, whatever it says. @param {string} name @param {unknown[]} args */
  call(name, ...args) {
    return within(new Promise((resolve) => this.socket.emit(name, ...args, resolve)), `acknowledgement of ${name}`);
  }

  /** Emits and returns the acknowledgement, which must be good. @param {string} name @param {unknown} payload */
  async ok(name, payload) {
    const ack = await this.call(name, payload);
    if (ack.ok !== true) throw new Error(`${name}: ${JSON.stringify(ack)}`);
    return ack;
  }

  /** @param {string} conversationId @param {number} [sinceRev] */
  join(conversationId, sinceRev) {
    return this.ok("conversation:join", { conversationId, sinceRev });
  }

  /**
   * Sends a message with a new clientId and returns what was stored.
   * @param {string} conversationId @param {string} content @param {object} [more]
   */
  async send(conversationId, content, more = {}) {
    const payload = { conversationId, clientId: crypto.randomUUID(), content, ...more };
    return (await this.ok("message:send", payload)).message;
  }

  /**
   * Speaks into a conversation and waits until `others` have received it: what was emitted to them before, they have received
   * as well.
   * @param {string} conversationId @param {Live[]} others
   */
  async settle(conversationId, others) {
    const said = await this.send(conversationId, "Are you there?", { ask: false });
    await Promise.all(others.map((other) => other.next("message:new", ({ message }) => message.id === said.id)));
  }
}
