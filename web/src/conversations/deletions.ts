import type { Message } from "../realtime/types";

/** Messages that are hidden from the user who deletes them, while others still see them. */
export interface Deletion {
  key: string;
  conversationId: string;
  /** Answers before their question, so that an interruption never leaves an answer without its question. */
  messageIds: readonly string[];
  /** It can no longer be undone: send it until the server acknowledges it. */
  due: boolean;
}

/** Pending deletions and their state. Knows nothing about clocks, toasts and the network. */
export class Deletions {
  #entries: Deletion[];
  /** Stay hidden: an older copy may still arrive. */
  readonly #gone = new Set<string>();

  /** Deletions that an earlier page left can no longer be undone. */
  constructor(left: readonly Deletion[] = []) {
    this.#entries = left.map((entry) => ({ ...entry, due: true }));
  }

  get entries(): readonly Deletion[] {
    return this.#entries;
  }

  /** Ids of the hidden messages. */
  hidden(): ReadonlySet<string> {
    return new Set([...this.#gone, ...this.#entries.flatMap(({ messageIds }) => messageIds)]);
  }

  add(entry: Deletion): void {
    this.#entries = [...this.#entries, entry];
  }

  /** Returns whether it could still be undone. */
  undo(key: string): boolean {
    const entry = this.#entries.find((one) => one.key === key);
    if (entry === undefined || entry.due) return false;
    this.drop(key);
    return true;
  }

  markDue(key: string): void {
    this.#entries = this.#entries.map((entry) => (entry.key === key ? { ...entry, due: true } : entry));
  }

  /** Shows messages again that the server refused to delete. */
  drop(key: string): void {
    this.#entries = this.#entries.filter((entry) => entry.key !== key);
  }

  /** Somebody deleted the message for everybody. Returns the deletions that now have nothing left to do. */
  done(messageId: string): Deletion[] {
    const concerned = this.#entries.filter(({ messageIds }) => messageIds.includes(messageId));
    if (concerned.length === 0) return [];
    this.#gone.add(messageId);
    this.#entries = this.#entries.map((entry) => ({ ...entry, messageIds: entry.messageIds.filter((id) => id !== messageId) }));
    this.#entries = this.#entries.filter(({ messageIds }) => messageIds.length > 0);
    return concerned.filter(({ key }) => !this.#entries.some((entry) => entry.key === key));
  }
}

const tombstones = new WeakMap<Message, Message>();

/** The messages as they will be. Unchanged ones stay the same object, so they are not rendered again. */
export function withoutHidden(messages: readonly Message[], hidden: ReadonlySet<string>): Message[] {
  return messages.map((message) => (hidden.has(message.id) && message.deletedAt === null ? tombstoneOf(message) : message));
}

function tombstoneOf(message: Message): Message {
  const known = tombstones.get(message);
  if (known !== undefined) return known;
  const tombstone = { ...message, content: "", citations: [], deletedAt: message.createdAt };
  tombstones.set(message, tombstone);
  return tombstone;
}
