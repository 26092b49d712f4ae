import type { Joined, Message } from "../realtime/types";
import type { Stretch } from "./history";

/** A part of the log without holes, apart from the newest messages. */
interface Excerpt {
  from: number;
  to: number;
  reachesStart: boolean;
}

/**
 * A client's copy of a conversation's log.
 *
 * Messages are kept by id, the higher rev wins, so it does not matter in which order, how often, or over which
 * transport they come. `head` is the rev up to which nothing is missing; a rev beyond `head + 1` is a gap, and the
 * caller asks for what lies between with `sinceRev: head`.
 *
 * What is shown has no holes: it is the newest messages back to `#oldest`, or, after a jump, an excerpt further up,
 * until reading on has joined the two.
 */
export class ConversationLog {
  /** More than is shown: also changes of messages that have not been read yet. They win over the page when it comes. */
  readonly #messages = new Map<string, Message>();
  /** Revs seen beyond a gap. */
  readonly #ahead = new Set<number>();
  #head = 0;
  /** Position from which on all messages are held; older ones are read on demand. */
  #oldest: number | null = null;
  #reachesStart = false;
  #joined = false;
  #excerpt: Excerpt | null = null;

  get head(): number {
    return this.#head;
  }

  get joined(): boolean {
    return this.#joined;
  }

  get hasGap(): boolean {
    return this.#ahead.size > 0;
  }

  /** Cursor of the page of history before what is shown; `null` when that begins with the first message. */
  get before(): number | null {
    if (this.#excerpt !== null) return this.#excerpt.reachesStart ? null : this.#excerpt.from;
    return this.#joined && !this.#reachesStart ? this.#oldest : null;
  }

  /** Position behind which what is shown goes on; `null` when it ends with the newest message. */
  get after(): number | null {
    return this.#excerpt?.to ?? null;
  }

  /** Position from which on all messages are held. */
  get oldest(): number {
    return this.#oldest ?? 0;
  }

  get(id: string): Message | undefined {
    return this.#messages.get(id);
  }

  /** Whether it is shown or not. */
  answerOf(generationId: string): Message | undefined {
    for (const message of this.#messages.values()) {
      if (message.author.kind === "assistant" && message.generationId === generationId) return message;
    }
    return undefined;
  }

  /** What is shown, in the conversation's order, with those answers to it that were given later. */
  messages(): Message[] {
    if (this.#excerpt === null) return this.newest();
    const { from, to } = this.#excerpt;
    const within = this.#sorted().filter(({ position }) => position >= from && position <= to);
    const ids = new Set(within.map(({ id }) => id));
    return [...within, ...this.#sorted().filter(({ position, replyTo }) => position > to && ids.has(replyTo ?? ""))];
  }

  /** The end of the conversation, be it shown or not. */
  newest(): Message[] {
    return this.#sorted().filter(({ position }) => position >= this.oldest);
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

  /** The page of history before `before`, oldest first. It comes too late if something else is shown by now. */
  prepend(page: Message[], nextBefore: number | null, before: number): void {
    for (const message of page) this.#keep(message);
    if (this.before !== before) return;
    const from = page[0]?.position ?? before;
    const reachesStart = nextBefore === null;
    if (this.#excerpt !== null) this.#excerpt = { ...this.#excerpt, from, reachesStart };
    else [this.#oldest, this.#reachesStart] = [from, reachesStart];
  }

  /** What comes behind `after`. */
  append({ messages, to }: Stretch, after: number): void {
    for (const message of messages) this.#keep(message);
    if (this.#excerpt?.to === after) this.#show({ ...this.#excerpt, to });
  }

  /** Shows this in place of what was shown. */
  jump({ messages, from, to }: Stretch): void {
    for (const message of messages) this.#keep(message);
    this.#show({ from, to, reachesStart: from <= 1 });
  }

  /** Shows the newest messages again. */
  leaveExcerpt(): void {
    this.#excerpt = null;
  }

  #show(excerpt: Excerpt): void {
    const joinsEnd = excerpt.to + 1 >= this.oldest;
    this.#excerpt = joinsEnd ? null : excerpt;
    if (joinsEnd) [this.#oldest, this.#reachesStart] = [excerpt.from, excerpt.reachesStart];
  }

  #sorted(): Message[] {
    return [...this.#messages.values()].sort((a, b) => a.position - b.position);
  }

  #keep(message: Message): boolean {
    const known = this.#messages.get(message.id);
    if (known !== undefined && known.rev >= message.rev) return false;
    this.#messages.set(message.id, message);
    return true;
  }

  #advance(): void {
    while (this.#ahead.delete(this.#head + 1)) this.#head += 1;
    for (const rev of this.#ahead) if (rev <= this.#head) this.#ahead.delete(rev);
  }
}
