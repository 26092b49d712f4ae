import { signal } from "@preact/signals";
import type { Wire } from "../realtime/wire";

/** The server ends a start after 6 s: whoever types on says so before. */
const SAY_AGAIN_MS = 4_000;
/** A stop can be lost. */
const FORGET_MS = 9_000;

/** Who else is typing, and telling the others when I am. */
export class Typists {
  /** User → name. */
  readonly names = signal<ReadonlyMap<string, string>>(new Map());
  readonly #wire: Wire;
  readonly #conversationId: string;
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #unsubscribe: (() => void)[];
  #saidAt = 0;

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

  /** I am typing. */
  typing(): void {
    if (Date.now() - this.#saidAt < SAY_AGAIN_MS) return;
    this.#saidAt = Date.now();
    this.#say("typing:start");
  }

  /** I have sent it, or given up. */
  stopped(): void {
    if (this.#saidAt === 0) return;
    this.#saidAt = 0;
    this.#say("typing:stop");
  }

  #say(what: "typing:start" | "typing:stop"): void {
    // A courtesy: when it does not arrive, nothing is lost.
    this.#wire.request(what, { conversationId: this.#conversationId }).catch(() => undefined);
  }

  #started(userId: string, name: string): void {
    this.names.value = new Map(this.names.value).set(userId, name);
    clearTimeout(this.#timers.get(userId));
    this.#timers.set(userId, setTimeout(() => this.#stopped(userId), FORGET_MS));
  }

  #stopped(userId: string): void {
    const names = new Map(this.names.value);
    if (names.delete(userId)) this.names.value = names;
  }
}
