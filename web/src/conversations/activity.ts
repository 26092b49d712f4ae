import type { Conversation } from "../realtime/types";

/** Conversation → the head that it had, and when that became known, in milliseconds: for a server whose lists have no such time. */
export type Activity = Readonly<Record<string, readonly [head: number, at: number]>>;

const MOST = 2_000;

/** The one in which something was said last first. */
export function byActivity(list: readonly Conversation[], activity: Activity): Conversation[] {
  const times = new Map(list.map((conversation) => [conversation.id, lastAt(conversation, activity)]));
  return [...list].sort((a, b) => (times.get(b.id) ?? 0) - (times.get(a.id) ?? 0) || (a.id < b.id ? 1 : -1));
}

export function lastAt({ id, createdAt, lastMessageAt }: Conversation, activity: Activity): number {
  if (lastMessageAt !== undefined) return Date.parse(lastMessageAt) || 0;
  return Math.max(Date.parse(createdAt) || 0, activity[id]?.[1] ?? 0);
}

/** A conversation has grown. An `exact` time, of a message, also puts a guess right. */
export function noted(known: Activity, id: string, head: number, at: number, exact: boolean): Activity {
  const before = known[id];
  if (before !== undefined && (before[0] > head || (before[0] === head && (!exact || before[1] === at)))) return known;
  return newest({ ...known, [id]: [head, at] });
}

/** A list that was read: what has grown since it was last seen has done so just now, as far as anybody here can tell. */
export function noticed(known: Activity, list: readonly Conversation[], now: number): Activity {
  return list.reduce((all, { id, head }) => (all[id] !== undefined && all[id][0] < head ? noted(all, id, head, now, false) : all), known);
}

function newest(activity: Activity): Activity {
  const entries = Object.entries(activity);
  if (entries.length <= MOST) return activity;
  return Object.fromEntries(entries.sort(([, [, a]], [, [, b]]) => b - a).slice(0, MOST));
}

export const GROUPS = ["Today", "Yesterday", "Previous 7 days", "Earlier"] as const;

/** Which of the groups a time belongs to. */
export function groupOf(at: number, now: number): (typeof GROUPS)[number] {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  const days = (midnight - at) / 86_400_000;
  if (days <= 0) return "Today";
  if (days <= 1) return "Yesterday";
  return days <= 7 ? "Previous 7 days" : "Earlier";
}
