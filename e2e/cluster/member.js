// A client as the contract wants it (docs/realtime.md): joins, catches up by rev and by event id, sends until it is
// acknowledged, and comes back whenever its connection ends. Writes down what it gets, as it gets it.

import { setTimeout as sleep } from "node:timers/promises";

import { io } from "socket.io-client";

import { DEADLINE_MS, until } from "../support/wait.js";

const CHANGES = ["message:new", "message:edited", "message:deleted"];
/** For an acknowledgement; after it the same send is repeated. */
const ACK_MS = 8_000;
/** Before something is asked for again. */
const PAUSE_MS = 200;
/** What is not acknowledged by then never will be: longer than any outage of the tests. */
const PATIENCE_MS = 3 * DEADLINE_MS;

export class Member {
  #connection = 0;
  /** The highest rev up to which nothing is missing. */
  #last = 0;
  #joining = Promise.resolve();
  /** Answers that have not ended as far as we know, with what we saw of them. @type {Map<string, import("./recording.js").Watcher>} */
  #running = new Map();
  /** @type {Map<string, import("./recording.js").Watcher>} */
  #watched = new Map();
  #over = false;
  /** Acknowledgements that said no. @type {{ name: string, code: string }[]} */
  refusals = [];

  /**
   * @param {string} name
   * @param {import("../support/account.js").Account} account
   * @param {string} conversation
   * @param {import("./recording.js").Recording} recording
   * @param {{ url?: string, lossy?: boolean, watch?: boolean }} [options] watch: its answers too are written down
   */
  constructor(name, account, conversation, recording, { url = account.url, lossy = false, watch = false } = {}) {
    this.name = name;
    this.account = account;
    this.conversation = conversation;
    this.recording = recording;
    this.reader = recording.reader(name, conversation, { lossy });
    this.watch = watch;
    this.socket = io(url, {
      auth: (give) => give({ token: account.token }),
      forceNew: true,
      transports: ["websocket"],
      reconnectionDelay: 100,
      reconnectionDelayMax: 1_000,
    });
    const { socket } = this;
    socket.on("connect", () => this.#connected());
    socket.on("disconnect", (reason) => reason === "io server disconnect" && this.#comeBack(1_000));
    socket.on("connect_error", () => !socket.active && this.#comeBack(1_000));
    socket.on("server:draining", ({ reconnectWithinMs }) => this.#comeBack(reconnectWithinMs));
    for (const name of CHANGES) socket.on(name, ({ message }) => this.#change(message));
    if (watch) for (const kind of ["started", "citations", "delta", "done", "failed"]) {
      socket.on(`generation:${kind}`, (payload) => this.#generation("live", { kind, ...payload }));
    }
  }

  /** Connected and caught up. */
  async ready() {
    await until(`${this.name} has joined`, () => this.#connection > 0);
    await this.#joining;
    return this;
  }

  get connections() {
    return this.#connection;
  }

  get last() {
    return this.#last;
  }

  leave() {
    this.#over = true;
    this.socket.disconnect();
  }

  #comeBack(within) {
    setTimeout(() => {
      if (this.#over) return;
      this.socket.disconnect();
      this.socket.connect();
    }, within * Math.random());
  }

  #connected() {
    this.#connection += 1;
    this.#catchUp();
  }

  /** One after the other: each goes on from what the one before has brought. */
  #catchUp() {
    this.#joining = this.#joining.then(() => this.#join()).catch(() => {});
  }

  async #join() {
    const connection = this.#connection;
    for (let complete = false; !complete; ) {
      const joined = await this.#ask("conversation:join", { conversationId: this.conversation, sinceRev: this.#last });
      // Another connection asks for itself.
      if (joined === undefined || connection !== this.#connection) return;
      for (const message of joined.messages) {
        this.reader.entries.push({ connection, how: "joined", message });
        this.#last = Math.max(this.#last, message.rev);
      }
      complete = joined.complete;
      if (this.watch) for (const { generationId } of joined.generations) this.#watcher(generationId);
    }
    this.reader.entries.push({ connection, how: "caught up" });
    for (const generation of [...this.#running.keys()]) await this.#resume(generation);
  }

  #change(message) {
    if (message.conversationId !== this.conversation) return;
    this.reader.entries.push({ connection: this.#connection, how: "live", message });
    if (message.rev === this.#last + 1) this.#last = message.rev;
    else if (message.rev > this.#last) this.#catchUp();
  }

  #watcher(generation) {
    let watcher = this.#watched.get(generation);
    if (!watcher) {
      watcher = this.recording.watcher(this.name, generation, "socket");
      this.#watched.set(generation, watcher);
      this.#running.set(generation, watcher);
    }
    return watcher;
  }

  #generation(how, event) {
    const watcher = this.#watcher(event.generationId);
    watcher.entries.push({ connection: this.#connection, how, event });
    if (event.kind === "done" || event.kind === "failed") this.#running.delete(event.generationId);
  }

  /** Asks for what came while nobody listened. */
  async #resume(generation) {
    const seen = new Set(this.#watcher(generation).entries.map(({ event }) => event.eventId));
    let lastEventId = 0;
    while (seen.has(lastEventId + 1)) lastEventId += 1;
    const answer = await this.#ask("generation:resume", { generationId: generation, lastEventId });
    for (const event of answer?.events ?? []) this.#generation("asked", { kind: event.type, generationId: generation, ...event });
  }

  /** The good acknowledgement, or nothing when there was none in time or it was bad. */
  async #ask(name, payload) {
    const { socket } = this;
    if (!socket.connected) return undefined;
    const ack = await socket.timeout(ACK_MS).emitWithAck(name, payload).catch(() => undefined);
    if (ack?.ok) return ack;
    if (ack) this.refusals.push({ name, code: ack.error.code });
    return undefined;
  }

  /**
   * Sends until it is acknowledged, as clients do: always with the same id.
   * @param {string} content @param {object} [more]
   */
  send(content, more = {}) {
    const clientId = crypto.randomUUID();
    this.recording.sent.add(clientId);
    return this.#insist("message:send", { conversationId: this.conversation, clientId, content, ask: false, ...more });
  }

  /** @param {string} messageId @param {string} content */
  edit(messageId, content) {
    return this.#insist("message:edit", { conversationId: this.conversation, messageId, content });
  }

  async #insist(name, payload) {
    for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await sleep(PAUSE_MS)) {
      const ack = await this.#ask(name, payload);
      if (!ack) continue;
      this.recording.acked.push(ack.message);
      return ack.message;
    }
    throw new Error(`${this.name}: ${name} was not acknowledged within ${PATIENCE_MS} ms: ${JSON.stringify(this.refusals.at(-1))}`);
  }

  /** Has every message up to this rev, and every answer's end. @param {number} head */
  settled(head) {
    return this.#last >= head && this.#running.size === 0;
  }

  /** Where it stands, for who waits for it. */
  toString() {
    return `${this.name} at rev ${this.#last}, ${this.#running.size} answers open, connection ${this.#connection}`;
  }
}
