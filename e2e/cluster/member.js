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
const TIMEOUT_MS = 3 * DEADLINE_MS;

export class Member {
  #connection = 0;
  /** The highest rev up to which nothing is missing. */
  #last = 0;
  /** What came before something that is still missing. @type {Set<number>} */
  #revs = new Set();
  #busy = false;
  #joining = Promise.resolve();
  /** Answers of which something is missing as far as we know, with what we saw of them. @type {Map<string, import("./recording.js").Watcher>} */
  #running = new Map();
  /** @type {Map<string, import("./recording.js").Watcher>} */
  #watched = new Map();
  #asking = Promise.resolve();
  /** @type {Map<import("./recording.js").Watcher, { ids: Set<number>, upTo: number, read: number, end: number }>} */
  #seen = new Map();
  /** @type {Promise<void> | undefined} */
  #renewing;
  #over = false;
  /** @type {NodeJS.Timeout | undefined} */
  #coming;
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
    socket.on("connect_error", ({ message }) => {
      if (message === "token_expired") this.#renewing ??= this.#renew();
      if (!socket.active) this.#comeBack(1_000);
    });
    socket.on("auth:expired", () => (this.#renewing ??= this.#renew()));
    socket.on("server:draining", ({ reconnectWithinMs }) => this.#comeBack(reconnectWithinMs));
    for (const name of CHANGES) socket.on(name, ({ message }) => this.#change(message));
    socket.on("conversation:check", (due) => this.#check(due));
    if (watch) for (const kind of ["started", "citations", "delta", "done", "failed"]) {
      socket.on(`generation:${kind}`, (payload) => this.#generation("live", { kind, ...payload }));
    }
  }

  /** As clients do when a quarter of an hour is over; while that fails, the server asks again. */
  async #renew() {
    try {
      await this.account.refresh();
      await this.#ask("auth:refresh", { token: this.account.token });
    } catch (error) {
      this.refusals.push({ name: "auth:refresh", code: String(error) });
    }
    this.#renewing = undefined;
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
    clearTimeout(this.#coming);
    this.socket.disconnect();
  }

  #comeBack(within) {
    clearTimeout(this.#coming);
    this.#coming = setTimeout(() => {
      if (this.#over) return;
      this.socket.disconnect();
      this.socket.connect();
    }, within * Math.random());
  }

  #connected() {
    clearTimeout(this.#coming);
    this.#connection += 1;
    this.#catchUp();
  }

  /** One after the other: each goes on from what the one before has brought. */
  #catchUp() {
    this.#busy = true;
    const connection = this.#connection;
    // Another connection asks for itself.
    const open = () => !this.#over && connection === this.#connection && this.socket.connected;
    this.#joining = this.#joining.then(async () => {
      while (open() && !(await this.#join(connection))) await sleep(PAUSE_MS);
      this.#busy = false;
    });
  }

  /** Whether everything was answered. @param {number} connection */
  async #join(connection) {
    for (let complete = false; !complete; ) {
      const joined = await this.#ask("conversation:join", { conversationId: this.conversation, sinceRev: this.#last });
      if (joined === undefined || connection !== this.#connection) return false;
      for (const message of joined.messages) {
        this.reader.entries.push({ connection, how: "joined", message });
        this.#last = Math.max(this.#last, message.rev);
      }
      this.#advance();
      complete = joined.complete;
      if (this.watch) for (const { generationId } of joined.generations) this.#watcher(generationId);
    }
    this.reader.entries.push({ connection, how: "caught up" });
    for (const generation of [...this.#running.keys()]) if (!(await this.#resume(generation))) return false;
    return true;
  }

  #change(message) {
    if (message.conversationId !== this.conversation) return;
    this.reader.entries.push({ connection: this.#connection, how: "live", message });
    this.#revs.add(message.rev);
    this.#advance();
    if (message.rev > this.#last && !this.#busy) this.#catchUp();
  }

  /** The server says what should be here by now. @param {{ conversationId: string, rev: number, generations: { generationId: string, lastEventId: number }[] }} due */
  #check({ conversationId, rev, generations }) {
    if (conversationId !== this.conversation) return;
    if (this.watch) for (const { generationId } of generations) this.#watcher(generationId);
    const behind = generations.some(({ generationId, lastEventId }) => {
      const watcher = this.#watched.get(generationId);
      return watcher && this.#unbroken(watcher) < lastEventId;
    });
    if ((rev > this.#last || behind) && !this.#busy) this.#catchUp();
  }

  #advance() {
    while (this.#revs.delete(this.#last + 1)) this.#last += 1;
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
    const gap = event.eventId > 1 + this.#unbroken(watcher);
    watcher.entries.push({ connection: this.#connection, how, event });
    if (this.#whole(watcher)) this.#running.delete(event.generationId);
    // Whoever begins in the middle, or was outrun, asks for what is before.
    if (gap && how === "live") this.#asking = this.#asking.then(() => this.#fill(watcher));
  }

  async #fill(watcher) {
    const last = watcher.entries.reduce((last, { event }) => Math.max(last, event.eventId), 0);
    if (this.#unbroken(watcher) >= last) return;
    // Another connection asks for itself.
    const connection = this.#connection;
    while (!this.#over && connection === this.#connection && !(await this.#resume(watcher.generation))) await sleep(PAUSE_MS);
  }

  /** The event up to which none is missing. @param {import("./recording.js").Watcher} watcher */
  #unbroken(watcher) {
    return this.#read(watcher).upTo;
  }

  /** Whether all of it is here, and its end. @param {import("./recording.js").Watcher} watcher */
  #whole(watcher) {
    const { upTo, end } = this.#read(watcher);
    return upTo >= end;
  }

  /** What is known of it with all that came. @param {import("./recording.js").Watcher} watcher */
  #read(watcher) {
    const seen = this.#seen.get(watcher) ?? { ids: new Set(), upTo: 0, read: 0, end: Infinity };
    this.#seen.set(watcher, seen);
    for (; seen.read < watcher.entries.length; seen.read += 1) {
      const { eventId, kind } = watcher.entries[seen.read].event;
      seen.ids.add(eventId);
      if (kind === "done" || kind === "failed") seen.end = eventId;
    }
    while (seen.ids.has(seen.upTo + 1)) seen.upTo += 1;
    return seen;
  }

  /** Asks for what came while nobody listened; whether it was answered. @param {string} generation */
  async #resume(generation) {
    const lastEventId = this.#unbroken(this.#watcher(generation));
    const answer = await this.#ask("generation:resume", { generationId: generation, lastEventId });
    for (const event of answer?.events ?? []) this.#generation("asked", { kind: event.type, generationId: generation, ...event });
    return answer !== undefined;
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
    for (const until = Date.now() + TIMEOUT_MS; Date.now() < until; await sleep(PAUSE_MS)) {
      const ack = await this.#ask(name, payload);
      if (!ack) continue;
      this.recording.acked.push(ack.message);
      return ack.message;
    }
    throw new Error(`${this.name}: ${name} was not acknowledged within ${TIMEOUT_MS} ms: ${JSON.stringify(this.refusals.at(-1))}`);
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
