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

/** The list once a conversation is known to reach up to `head`. */
export function raise(known: readonly Conversation[], id: string, head: number): Conversation[] {
  return known.map((conversation) => (conversation.id === id && conversation.head < head ? { ...conversation, head } : conversation));
}

export function isUnread({ id, head }: Conversation, seen: Seen): boolean {
  return head > (seen[id] ?? 0);
}

/** A log only grows: a lower head was overtaken on its way. */
function newer(known: readonly Conversation[], come: Conversation): Conversation {
  const head = known.find(({ id }) => id === come.id)?.head ?? 0;
  return head > come.head ? { ...come, head } : come;
}
