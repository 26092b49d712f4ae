import type { Conversation } from "../realtime/types";

/** Conversation → the head up to which this browser has shown it. */
export type Seen = Readonly<Record<string, number>>;

/** What has come in place of what was known of it. */
export function merge(known: readonly Conversation[], come: Conversation): Conversation[] {
  const others = known.filter(({ id }) => id !== come.id);
  return [...others, newer(known, come)];
}

/** A list as the server read it. */
export function replace(known: readonly Conversation[], read: readonly Conversation[]): Conversation[] {
  return read.map((conversation) => newer(known, conversation));
}

/** The list once a conversation is known to reach up to `head`; `lastMessageAt`: when something was said in it last. */
export function raise(known: readonly Conversation[], id: string, head: number, lastMessageAt?: string): Conversation[] {
  const time = lastMessageAt === undefined ? {} : { lastMessageAt };
  return known.map((conversation) => (conversation.id === id && conversation.head < head ? { ...conversation, head, ...time } : conversation));
}

/** `joinedAt`: messages from before the user joined do not count as unread, unless the user has started to read them. */
export function isUnread({ id, head, readRev, lastMessageAt }: Conversation, seen: Seen, joinedAt = Infinity): boolean {
  const read = Math.max(seen[id] ?? 0, readRev ?? 0);
  if (read === 0 && readRev === null && Date.parse(lastMessageAt ?? "") <= joinedAt) return false;
  return head > read;
}

/** A log only grows: a lower head was overtaken on its way. */
function newer(known: readonly Conversation[], come: Conversation): Conversation {
  const old = known.find(({ id }) => id === come.id);
  if (old === undefined) return come;
  // Events go to everybody, and do not contain the user's own read marks.
  const own = come.readRev === undefined && old.readRev !== undefined ? { ...come, readRev: old.readRev } : come;
  if (old.head <= come.head) return own;
  return { ...own, head: old.head, ...(old.lastMessageAt === undefined ? {} : { lastMessageAt: old.lastMessageAt }) };
}
