import { computed, effect, signal } from "@preact/signals";
import { own, userId } from "../auth/who";
import { api } from "../http/client";
import { all } from "../http/list";
import { Reader } from "../http/reader";
import { members } from "../notebooks/members";
import { on, whenLive } from "../realtime/socket";
import type { Conversation } from "../realtime/types";
import { keepFocus } from "../ui/focus";
import { restored } from "../ui/recently-deleted";
import { recall, remember } from "../ui/storage";
import { showError, notifyUndoable } from "../ui/toast";
import { type Activity, byActivity, lastAt, noted, noticed } from "./activity";
import { quoted } from "../ui/plain-name";
import { isUnread, merge, raise, replace, type Seen } from "./merge";

const known = signal<Conversation[] | null>(null);
/** Conversation → how far it has grown, and when this browser learnt of it. */
const activity = signal<Activity>({});
/** Of each notebook, as it was when it was left: there at once when it is opened again, whatever the connection does. */
const left = new Map<string, Conversation[]>();

/** The one with the latest message first; `null` until they are read for the first time. */
export const conversations = computed(() => known.value && byActivity(known.value, activity.value));

/** Of the notebook that is open. */
let reader: Reader<Conversation[]> | undefined;
let openId: string | undefined;
/** How far conversations have grown before the list is read for the first time. */
const heads = new Map<string, number>();

/** When something was said in it last, as far as this browser knows. */
export const lastActivity = (conversation: Conversation): number => lastAt(conversation, activity.value);

export const seen = signal<Seen>({});

const joinedAt = computed(() => Date.parse(members.value?.members.find(({ user }) => user.id === userId.value)?.joinedAt ?? "") || Infinity);

export const hasNews = (conversation: Conversation): boolean => isUnread(conversation, seen.value, joinedAt.value);

function recallMarks(): void {
  seen.value = recall(localStorage, own("seen"), {});
  activity.value = recall(localStorage, own("activity"), {});
}

effect(() => {
  void userId.value;
  recallMarks();
});

// What another tab shows has been seen.
addEventListener("storage", recallMarks);

export function markSeen(conversationId: string, head: number): void {
  if ((seen.peek()[conversationId] ?? 0) >= head) return;
  keepSeen({ [conversationId]: head });
}

function keepSeen(more: Seen): void {
  seen.value = { ...seen.peek(), ...more };
  remember(localStorage, own("seen"), seen.value);
}

function keepActivity(next: Activity): void {
  if (next === activity.peek()) return;
  activity.value = next;
  remember(localStorage, own("activity"), next);
}

/**
 * Whoever comes to a notebook for the first time, or with another browser, has not missed all that was ever said: what they
 * find there is where their reading starts. A server that knows how far they have read knows better.
 */
function startReading(notebookId: string, all: readonly Conversation[]): void {
  if (all.some(({ readRev }) => readRev !== undefined)) return;
  const mark = `notebook ${notebookId}`;
  if (seen.peek()[mark] !== undefined) return;
  const heads = all.map(({ id, head }) => [id, Math.max(head, seen.peek()[id] ?? 0)] as const);
  keepSeen({ ...Object.fromEntries(heads), [mark]: 1 });
}

/** How many conversations other than the one on the screen have something new. */
export function countUnread(openId: string | null): number {
  return conversations.value?.filter((one) => one.id !== openId && hasNews(one)).length ?? 0;
}

/** An open conversation reaches up to `head`, whether or not its end has been looked at. `at`: when, if that is known. */
export function grown(conversationId: string, head: number, at: string | null = null): void {
  const list = known.peek();
  // Heads only rise: what a list that is read meanwhile knows less of is raised once it is here.
  if (list === null) heads.set(conversationId, Math.max(heads.get(conversationId) ?? 0, head));
  else if (!list.some(({ id }) => id === conversationId)) reader?.touched();
  const dated = list?.find(({ id }) => id === conversationId)?.lastMessageAt !== undefined;
  known.value = list && raise(list, conversationId, head, dated ? at ?? new Date().toISOString() : undefined);
  if (head > 0) keepActivity(noted(activity.peek(), conversationId, head, at === null ? Date.now() : Date.parse(at), at !== null));
}

export async function createConversation(notebookId: string, model: string | null): Promise<Conversation> {
  const body = model === null ? {} : { model };
  const made = await api<Conversation>("POST", `/api/notebooks/${notebookId}/conversations`, body);
  keep(made);
  return made;
}

export async function changeConversation(id: string, change: { title?: string; model?: string }): Promise<void> {
  keep(await api<Conversation>("PATCH", `/api/conversations/${id}`, change));
}

/** Says so, with a way back. `onRestored`: once that was taken. */
export async function deleteConversation(conversation: Conversation, onRestored: () => void): Promise<void> {
  const { id } = conversation;
  await api("DELETE", `/api/conversations/${id}`);
  drop(id);
  keepFocus();
  const undo = async () => {
    keep(await restored<Conversation>("conversations", id));
    onRestored();
  };
  notifyUndoable(`${quoted(titleOf(conversation))} was deleted.`, () => void undo().catch(showError));
}

export function titleOf(conversation: Conversation | undefined): string {
  return conversation?.title ?? "New conversation";
}

/** An answer to a request, or an event, may come when another notebook is open already. */
export function keep(conversation: Conversation): void {
  if (conversation.notebookId !== openId) return;
  known.value = merge(known.value ?? [], conversation);
  reader?.touched();
}

function drop(id: string): void {
  known.value = known.value?.filter((conversation) => conversation.id !== id) ?? null;
  reader?.touched();
}

export function followConversations(notebookId: string, onProblem: (error: unknown) => void): () => void {
  known.value = left.get(notebookId) ?? null;
  const list = new Reader(
    () => all<Conversation>(`/api/notebooks/${notebookId}/conversations`, "conversations"),
    (read) => {
      let all = replace(known.value ?? [], read);
      for (const [id, head] of heads) all = raise(all, id, head);
      heads.clear();
      startReading(notebookId, all);
      keepActivity(noticed(activity.peek(), all, Date.now()));
      known.value = all;
    },
  );
  heads.clear();
  reader = list;
  openId = notebookId;
  const read = () => void list.read().catch(onProblem);
  const onVisible = () => {
    if (document.visibilityState === "visible") read();
  };
  document.addEventListener("visibilitychange", onVisible);
  const subscriptions = [
    whenLive(read),
    on("conversation:updated", ({ conversation }) => {
      if (conversation.notebookId !== notebookId) return;
      if (known.value === null) list.touched();
      else keep(conversation);
    }),
    on("conversation:activity", (event) => {
      if (event.notebookId === notebookId) grown(event.conversationId, event.head, event.lastMessageAt ?? null);
    }),
    on("conversation:read", (event) => markSeen(event.conversationId, event.rev)),
    on("conversation:deleted", (event) => {
      if (event.notebookId === notebookId) drop(event.conversationId);
    }),
    () => document.removeEventListener("visibilitychange", onVisible),
  ];
  return () => {
    list.dispose();
    for (const unsubscribe of subscriptions) unsubscribe();
    if (known.value !== null) left.set(notebookId, known.value);
    known.value = null;
  };
}

/** Nothing of this user stays behind. */
export function forgetConversations(): void {
  left.clear();
}
