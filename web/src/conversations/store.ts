import { signal } from "@preact/signals";
import { api } from "../http/client";
import { Reader } from "../http/reader";
import { on, whenLive } from "../realtime/socket";
import type { Conversation } from "../realtime/types";
import { recall, remember } from "../ui/storage";
import { isUnread, merge, raise, replace, type Seen } from "./merge";

/** Newest first; `null` until they are read for the first time. */
export const conversations = signal<Conversation[] | null>(null);

/** Of the notebook that is open. */
let reader: Reader<Conversation[]> | undefined;
/** How far conversations have grown before the list is read for the first time. */
const heads = new Map<string, number>();

const SEEN = "seen";
export const seen = signal<Seen>(recall(localStorage, SEEN, {}));

// What another tab shows has been seen.
addEventListener("storage", () => {
  seen.value = recall(localStorage, SEEN, {});
});

export function markSeen(conversationId: string, head: number): void {
  if ((seen.peek()[conversationId] ?? 0) >= head) return;
  seen.value = { ...seen.peek(), [conversationId]: head };
  remember(localStorage, SEEN, seen.value);
}

/** Whether a conversation other than the one on the screen has something new. */
export function hasUnread(openId: string | null): boolean {
  return conversations.value?.some((one) => one.id !== openId && isUnread(one, seen.value)) ?? false;
}

/** An open conversation reaches up to `head`, whether or not its end has been looked at. */
export function grown(conversationId: string, head: number): void {
  const known = conversations.value;
  // Heads only rise: what a list that is read meanwhile knows less of is raised once it is here.
  if (known === null) heads.set(conversationId, Math.max(heads.get(conversationId) ?? 0, head));
  else if (!known.some(({ id }) => id === conversationId)) reader?.touched();
  conversations.value = known && raise(known, conversationId, head);
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

export async function deleteConversation(id: string): Promise<void> {
  await api("DELETE", `/api/conversations/${id}`);
  drop(id);
}

export function titleOf(conversation: Conversation | undefined): string {
  return conversation?.title ?? "New conversation";
}

function keep(conversation: Conversation): void {
  conversations.value = merge(conversations.value ?? [], conversation);
  reader?.touched();
}

function drop(id: string): void {
  conversations.value = conversations.value?.filter((conversation) => conversation.id !== id) ?? null;
  reader?.touched();
}

export function followConversations(notebookId: string, onProblem: (error: unknown) => void): () => void {
  conversations.value = null;
  const list = new Reader(
    async () => (await api<{ conversations: Conversation[] }>("GET", `/api/notebooks/${notebookId}/conversations`)).conversations,
    (read) => {
      let all = replace(conversations.value ?? [], read);
      for (const [id, head] of heads) all = raise(all, id, head);
      heads.clear();
      conversations.value = all;
    },
  );
  heads.clear();
  reader = list;
  const read = () => void list.read().catch(onProblem);
  const onVisible = () => {
    if (document.visibilityState === "visible") read();
  };
  document.addEventListener("visibilitychange", onVisible);
  const subscriptions = [
    whenLive(read),
    on("conversation:updated", ({ conversation }) => {
      if (conversation.notebookId !== notebookId) return;
      if (conversations.value === null) list.touched();
      else keep(conversation);
    }),
    on("conversation:activity", (event) => {
      if (event.notebookId === notebookId) grown(event.conversationId, event.head);
    }),
    on("conversation:deleted", (event) => {
      if (event.notebookId === notebookId) drop(event.conversationId);
    }),
    () => document.removeEventListener("visibilitychange", onVisible),
  ];
  return () => {
    list.dispose();
    for (const unsubscribe of subscriptions) unsubscribe();
    conversations.value = null;
  };
}
