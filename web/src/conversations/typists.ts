import { signal } from "@preact/signals";
import type { Wire } from "../realtime/wire";

/** The server expires a start after 6 s: resend it before that. */
const RESEND_MS = 4_000;
/** Expires a typist whose stop was lost. */
const EXPIRY_MS = 9_000;

/** Tracks who else is typing, and tells the others when this user is. */
export class Typists {
  /** User → name. */
  readonly names = signal<ReadonlyMap<string, string>>(new Map());
  readonly #wire: Wire;
  readonly #conversationId: string;
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #unsubscribe: (() => void)[];
  #sentAt = 0;

  constructor(wire: Wire, conversationId: string, me: string) {
    this.#wire = wire;
    this.#conversationId = conversationId;
    this.#unsubscribe = [
      wire.on("user:typing", (event) => {
        if (event.conversationId === conversationId && event.userId !== me) this.#started(event.userId, event.name);
      }),
      wire.on("user:stopped-typing", (event) => {
        if (event.conversationId === conversationId) this.#stopped(event.userId);
      }),
    ];
  }

  dispose(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  /** This user is typing. */
  typing(): void {
    if (Date.now() - this.#sentAt < RESEND_MS) return;
    this.#sentAt = Date.now();
    this.#send("typing:start");
  }

  /** This user has sent the message, or given up. */
  stopped(): void {
    if (this.#sentAt === 0) return;
    this.#sentAt = 0;
    this.#send("typing:stop");
  }

  #send(what: "typing:start" | "typing:stop"): void {
    // Best effort: nothing is lost if it does not arrive.
    this.#wire.request(what, { conversationId: this.#conversationId }).catch(() => undefined);
  }

  #started(userId: string, name: string): void {
    this.names.value = new Map(this.names.value).set(userId, name);
    clearTimeout(this.#timers.get(userId));
    this.#timers.set(userId, setTimeout(() => this.#stopped(userId), EXPIRY_MS));
  }

  #stopped(userId: string): void {
    const names = new Map(this.names.value);
    if (names.delete(userId)) this.names.value = names;
  }
}
