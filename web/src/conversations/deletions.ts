import type { Message } from "../realtime/types";

/** Messages that whoever deletes them no longer sees, while the others still do. */
export interface Deletion {
  key: string;
  conversationId: string;
  /** Answers before their question: whatever breaks off in between, none is left without it. */
  messageIds: readonly string[];
  /** It can no longer be undone: the server is to be told, until it has heard. */
  due: boolean;
}

/** Deletions under way, and what has become of them. Knows nothing of clocks, toasts and the network. */
export class Deletions {
  #entries: Deletion[];
  /** Stay out of sight: a copy from before may still come. */
  readonly #gone = new Set<string>();

  /** What an earlier page left behind can no longer be undone there, nor here. */
  constructor(left: readonly Deletion[] = []) {
    this.#entries = left.map((entry) => ({ ...entry, due: true }));
  }

  get entries(): readonly Deletion[] {
    return this.#entries;
  }

  /** Ids of what is out of sight. */
  hidden(): ReadonlySet<string> {
    return new Set([...this.#gone, ...this.#entries.flatMap(({ messageIds }) => messageIds)]);
  }

  add(entry: Deletion): void {
    this.#entries = [...this.#entries, entry];
  }

  /** Answers whether it was still time to. */
  undo(key: string): boolean {
    const entry = this.#entries.find((one) => one.key === key);
    if (entry === undefined || entry.due) return false;
    this.drop(key);
    return true;
  }

  fallsDue(key: string): void {
    this.#entries = this.#entries.map((entry) => (entry.key === key ? { ...entry, due: true } : entry));
  }

  /** Shows again what the server would not delete. */
  drop(key: string): void {
    this.#entries = this.#entries.filter((entry) => entry.key !== key);
  }

  /** Deleted for all, by whomever. Answers which deletions have nothing left to do by that. */
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

/** The messages as they will be. One that stays the same is drawn once. */
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
