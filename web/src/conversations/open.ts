import { signal } from "@preact/signals";
import { type Running, RunningGenerations } from "../generations/running";
import { Problem, sentence } from "../http/problem";
import type { Conversation, HistoryPage, Joined, Message, ReadMark, ServerEvents } from "../realtime/types";
import type { Wire } from "../realtime/wire";
import type { Stretch } from "./history";
import { ConversationLog } from "./log";
import { Typists } from "./typists";

const TRY_AGAIN_MS = 2_000;
/** The conversation does not exist: retrying is pointless. */
const NOBODYS: ReadonlySet<string> = new Set(["not_found", "validation"]);

export interface View {
  /** The first response has arrived. */
  loaded: boolean;
  /** Why there is nothing to show. */
  problem: { sentence: string; gone: boolean } | null;
  conversation: Conversation | null;
  /** Those on the screen: the newest, or, after a jump, an excerpt further up. */
  messages: Message[];
  /** The end of the conversation, be it on the screen or not. */
  newest: Message[];
  running: Running[];
  readMarks: ReadMark[];
  head: number;
  /** Cursor of the page before; `null` when there is none. */
  before: number | null;
  /** Position behind which the conversation goes on; `null` when its end is shown. */
  after: number | null;
  /** How many times the reader has jumped to another place. */
  jumps: number;
}

const EMPTY: View = {
  loaded: false, problem: null, conversation: null, messages: [], newest: [], running: [], readMarks: [], head: 0, before: null, after: null, jumps: 0,
};

/**
 * One conversation on the screen. Joins it at each connection and wherever a rev is missing, with the head that it has,
 * so what was missed comes again whatever happened to the connection.
 */
export class OpenConversation {
  readonly id: string;
  readonly view = signal<View>(EMPTY);
  readonly typists: Typists;
  readonly #wire: Wire;
  readonly #onMessage: (message: Message) => void;
  readonly #log: ConversationLog;
  readonly #running: RunningGenerations;
  readonly #unsubscribe: (() => void)[];
  #marks: ReadMark[] = [];
  #conversation: Conversation | null = null;
  #joining = false;
  #joinAgain = false;
  /** A rev was missing on this connection. */
  #sawGap = false;
  #markedRead = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #disposed = false;

  /** `onMessage` receives each stored message, at least once. `log`: the messages known already. */
  constructor(wire: Wire, id: string, me: string, onMessage: (message: Message) => void, log = new ConversationLog()) {
    this.id = id;
    this.#log = log;
    // It opens at its end, wherever it was left.
    log.leaveExcerpt();
    this.#wire = wire;
    this.#onMessage = onMessage;
    this.typists = new Typists(wire, id, me);
    this.#running = new RunningGenerations({
      wire,
      conversationId: id,
      isStored: (generationId) => this.#log.answerOf(generationId) !== undefined,
      onChange: () => this.#publish(),
      onMissing: () => void this.#join(),
    });
    const take = ({ message }: { message: Message }) => this.take(message);
    this.#unsubscribe = [
      wire.on("message:new", take),
      wire.on("message:edited", take),
      wire.on("message:deleted", take),
      wire.on("messages:read", (event) => {
        if (event.conversationId === id) this.#mark(event.mark);
      }),
      wire.on("conversation:updated", (event) => {
        if (event.conversation.id === id) this.#conversation = event.conversation;
        this.#publish();
      }),
      wire.on("conversation:deleted", (event) => {
        if (event.conversationId === id) this.#fail("This conversation was deleted.", true);
      }),
      wire.on("conversation:check", (event) => {
        if (event.conversationId === id) this.#check(event);
      }),
      wire.onConnected(() => void this.#join()),
    ];
    if (log.joined) {
      this.view.value = { ...this.view.peek(), loaded: true };
      this.#publish();
    }
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#retry);
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#running.dispose();
    this.typists.dispose();
    // Without a connection there is no room to leave.
    this.#wire.request("conversation:leave", { conversationId: this.id }).catch(() => undefined);
  }

  /** A message as the server stored it, from an event or an acknowledgement. */
  take(message: Message): void {
    if (message.conversationId !== this.id) return;
    const outcome = this.#log.apply(message);
    this.#onMessage(message);
    this.#running.settle();
    if (outcome !== "gap") return;
    this.#sawGap = true;
    void this.#join();
  }

  /** Asks whether anything was missed: after the page was asleep, for example. */
  check(): void {
    void this.#join();
  }

  /** Some client in the room lost events. It may have been this one, which may already have noticed. */
  #check({ rev, generations }: ServerEvents["conversation:check"]): void {
    const behind = rev > this.#log.head || !this.#running.has(generations);
    if (behind) void this.#join();
    if (behind || this.#sawGap) this.#wire.missed();
    this.#sawGap = false;
  }

  /** The page of history before `before`. */
  prepend({ messages, nextBefore }: HistoryPage, before: number): void {
    this.#log.prepend(messages, nextBefore, before);
    this.#publish();
  }

  /** What comes behind `after`. */
  append(stretch: Stretch, after: number): void {
    this.#log.append(stretch, after);
    this.#publish();
  }

  /** Shows another part of the conversation, from its start. */
  jump(stretch: Stretch): void {
    this.#log.jump(stretch);
    this.view.value = { ...this.view.value, jumps: this.view.value.jumps + 1 };
    this.#publish();
  }

  /** Shows the end of the conversation again. */
  leaveExcerpt(): void {
    this.#log.leaveExcerpt();
    this.#publish();
  }

  /** Position from which on all messages are here. */
  get oldest(): number {
    return this.#log.oldest;
  }

  /** Tells the others that everything shown has been read. */
  markRead(): void {
    const rev = this.#log.head;
    if (rev <= this.#markedRead) return;
    this.#markedRead = rev;
    this.#wire.request("messages:read", { conversationId: this.id, rev }).catch(() => {
      this.#markedRead = 0;
    });
  }

  /** One join at a time; calls in the meantime cause one more. */
  async #join(): Promise<void> {
    this.#joinAgain = true;
    if (this.#joining) return;
    this.#joining = true;
    clearTimeout(this.#retry);
    try {
      while (this.#joinAgain && !this.#disposed) {
        this.#joinAgain = false;
        await this.#joinOnce();
      }
    } catch (error) {
      this.#joinFailed(error);
    } finally {
      this.#joining = false;
    }
  }

  async #joinOnce(): Promise<void> {
    const sinceRev = this.#log.joined ? this.#log.head : undefined;
    const before = this.#running.ids();
    const answer = await this.#wire.request("conversation:join", {
      conversationId: this.id,
      ...(sinceRev === undefined ? {} : { sinceRev }),
    });
    this.#joined(answer, sinceRev);
    this.#running.joined(answer.generations, before);
    if (!answer.complete) this.#joinAgain = true;
    // A rev that even this answer lacks is still being stored: look again, but not in a tight circle.
    else if (this.#log.hasGap) this.#tryAgain();
  }

  #joined(answer: Joined, sinceRev: number | undefined): void {
    this.#log.join(answer, sinceRev);
    this.#conversation = answer.conversation;
    this.#marks = answer.readMarks;
    for (const message of answer.messages) this.#onMessage(message);
    this.view.value = { ...this.view.value, loaded: true, problem: null };
  }

  #joinFailed(error: unknown): void {
    const code = error instanceof Problem ? error.code : "unknown";
    // The next connection joins by itself.
    if (code === "disconnected" || this.#disposed) return;
    if (NOBODYS.has(code)) return this.#fail("It does not exist, or you do not have access to it.", true);
    if (!this.view.value.loaded) this.#fail(sentence(error), false);
    this.#tryAgain();
  }

  #tryAgain(): void {
    this.#retry = setTimeout(() => void this.#join(), TRY_AGAIN_MS);
  }

  #fail(text: string, gone: boolean): void {
    this.view.value = { ...this.view.value, problem: { sentence: text, gone } };
  }

  #mark(mark: ReadMark): void {
    this.#marks = [...this.#marks.filter(({ userId }) => userId !== mark.userId), mark];
    this.#publish();
  }

  #publish(): void {
    this.view.value = {
      ...this.view.value,
      conversation: this.#conversation,
      messages: this.#log.messages(),
      newest: this.#log.newest(),
      running: this.#running.list(),
      readMarks: this.#marks,
      head: this.#log.head,
      before: this.#log.before,
      after: this.#log.after,
    };
  }
}
