import { signal } from "@preact/signals";
import { api } from "../http/client";
import { on, onConnected } from "../realtime/socket";
import type { Conversation } from "../realtime/types";
import { recall, remember } from "../ui/storage";

/** Newest first; `null` until they are read for the first time. */
export const conversations = signal<Conversation[] | null>(null);

/** Conversation → the head up to which this browser has shown it. */
const SEEN = "seen";
export const seen = signal<Record<string, number>>(recall(localStorage, SEEN, {}));

export function markSeen(conversationId: string, head: number): void {
  if ((seen.peek()[conversationId] ?? 0) >= head) return;
  seen.value = { ...seen.peek(), [conversationId]: head };
  remember(localStorage, SEEN, seen.value);
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
  const others = (conversations.value ?? []).filter(({ id }) => id !== conversation.id);
  conversations.value = [...others, conversation].sort((a, b) => b.createdAt.localeCompare(a.createdAt));
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
    if (followed) conversations.value = read.conversations.sort((a, b) => b.createdAt.localeCompare(a.createdAt));
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
    on("conversation:deleted", ({ conversationId }) => drop(conversationId)),
    () => document.removeEventListener("visibilitychange", onVisible),
  ];
  return () => {
    followed = false;
    for (const unsubscribe of subscriptions) unsubscribe();
    conversations.value = null;
  };
}
