import type { Joined, Message } from "../realtime/types";

/**
 * A client's copy of a conversation's log.
 *
 * Messages are kept by id, the higher rev wins, so it does not matter in which order, how often, or over which
 * transport they come. `head` is the rev up to which nothing is missing; a rev beyond `head + 1` is a gap, and the
 * caller asks for what lies between with `sinceRev: head`.
 */
export class ConversationLog {
  readonly #messages = new Map<string, Message>();
  /** Revs seen beyond a gap. */
  readonly #ahead = new Set<number>();
  #head = 0;
  /** Position of the oldest message held; older ones are read on demand. */
  #oldest: number | null = null;
  #reachesStart = false;
  #joined = false;

  get head(): number {
    return this.#head;
  }

  get joined(): boolean {
    return this.#joined;
  }

  get hasGap(): boolean {
    return this.#ahead.size > 0;
  }

  /** Cursor of the next page of history; `null` when the first message is held. */
  get before(): number | null {
    return this.#joined && !this.#reachesStart ? this.#oldest : null;
  }

  get(id: string): Message | undefined {
    return this.#messages.get(id);
  }

  /** In the conversation's order. */
  messages(): Message[] {
    return [...this.#messages.values()].sort((a, b) => a.position - b.position);
  }

  /** One change, as it came. Answers whether it leaves a gap. */
  apply(message: Message): "applied" | "known" | "gap" {
    const fresh = this.#keep(message);
    if (message.rev > this.#head) this.#ahead.add(message.rev);
    this.#advance();
    if (this.hasGap) return "gap";
    return fresh ? "applied" : "known";
  }

  /** The answer to a join. `sinceRev` is what was asked with; `undefined` for a first join. */
  join(answer: Pick<Joined, "conversation" | "messages" | "complete">, sinceRev: number | undefined): void {
    const revs = answer.messages.map((message) => message.rev);
    if (sinceRev === undefined) {
      const first = answer.messages[0];
      this.#oldest = first?.position ?? null;
      this.#reachesStart = first === undefined || first.position <= 1;
      this.#joined = true;
    }
    for (const message of answer.messages) this.#keep(message);
    const seen = sinceRev === undefined ? answer.conversation.head : sinceRev;
    this.#head = Math.max(this.#head, seen, ...revs);
    this.#advance();
  }

  /** A page of history, oldest first. */
  prepend(page: Message[], nextBefore: number | null): void {
    this.#oldest = page[0]?.position ?? this.#oldest;
    this.#reachesStart = nextBefore === null;
    for (const message of page) this.#keep(message);
  }

  #keep(message: Message): boolean {
    const known = this.#messages.get(message.id);
    if (known !== undefined && known.rev >= message.rev) return false;
    // A change of a message older than the window: it comes with its page, when that is read.
    if (known === undefined && this.#joined && this.#oldest !== null && message.position < this.#oldest) return false;
    this.#messages.set(message.id, message);
    return true;
  }

  #advance(): void {
    while (this.#ahead.delete(this.#head + 1)) this.#head += 1;
    for (const rev of this.#ahead) if (rev <= this.#head) this.#ahead.delete(rev);
  }
}
