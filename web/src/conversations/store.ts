import { signal } from "@preact/signals";
import { api } from "../http/client";
import { on, onConnected } from "../realtime/socket";
import type { Conversation } from "../realtime/types";
import { recall, remember } from "../ui/storage";
import { isUnread, merge, raise, replace, type Seen } from "./merge";

/** Newest first; `null` until they are read for the first time. */
export const conversations = signal<Conversation[] | null>(null);

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
  conversations.value = conversations.value && raise(conversations.value, conversationId, head);
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
}

function drop(id: string): void {
  conversations.value = conversations.value?.filter((conversation) => conversation.id !== id) ?? null;
}

export function followConversations(notebookId: string, onProblem: (error: unknown) => void): () => void {
  conversations.value = null;
  let followed = true;
  const load = async () => {
    const path = `/api/notebooks/${notebookId}/conversations`;
    const read = await api<{ conversations: Conversation[] }>("GET", path);
    if (followed) conversations.value = replace(conversations.value ?? [], read.conversations);
  };
  const read = () => void load().catch(onProblem);
  const onVisible = () => {
    if (document.visibilityState === "visible") read();
  };
  read();
  document.addEventListener("visibilitychange", onVisible);
  const subscriptions = [
    onConnected(read),
    on("conversation:updated", ({ conversation }) => {
      if (conversation.notebookId === notebookId && conversations.value !== null) keep(conversation);
    }),
    on("conversation:activity", ({ conversationId, head }) => grown(conversationId, head)),
    on("conversation:deleted", ({ conversationId }) => drop(conversationId)),
    () => document.removeEventListener("visibilitychange", onVisible),
  ];
  return () => {
    followed = false;
    for (const unsubscribe of subscriptions) unsubscribe();
    conversations.value = null;
  };
}
