import { signal } from "@preact/signals";
import { api, sendOnLeave } from "../http/client";
import { Problem } from "../http/problem";
import { on, onConnected } from "../realtime/socket";
import type { Message } from "../realtime/types";
import { keepFocus } from "../ui/focus";
import { randomId } from "../ui/ids";
import { recall, remember } from "../ui/storage";
import { showError, notifyUndoable } from "../ui/toast";
import { type Deletion, Deletions } from "./deletions";
import { deliver } from "./sending";

const TRY_AGAIN_MS = 5_000;
const LONGEST_WAIT_MS = 120_000;

/** Ids of hidden messages: deleted here, whether or not the server knows yet. */
export const hidden = signal<ReadonlySet<string>>(new Set());

let deletions = new Deletions();
let key = "";
/** Functions that remove the toast of a deletion that has nothing left to do. */
const notices = new Map<string, () => void>();
/** Keys of the deletions being sent. */
const sending = new Set<string>();

/** Carries out deletions that an earlier page of this tab left, and all new ones, until the returned function is called. */
export function startDeleting(userId: string): () => void {
  key = `deletions.${userId}`;
  deletions = new Deletions(recall<Deletion[]>(sessionStorage, key, []));
  publish();
  const stop = [
    onConnected(flush),
    on("message:deleted", ({ message }) => done(message.id)),
  ];
  addEventListener("pagehide", onLeave);
  addEventListener("pageshow", flush);
  return () => {
    for (const one of stop) one();
    removeEventListener("pagehide", onLeave);
    removeEventListener("pageshow", flush);
    withdraw();
    // Unsent deletions stay stored for this user's next visit.
    key = "";
    deletions = new Deletions();
    publish();
  };
}

/** Hides messages at once. The deletion is sent once its toast with "Undo" is gone. */
export function deleteMessages(conversationId: string, messages: readonly Message[], text: string): void {
  const entry = { key: randomId(), conversationId, messageIds: messages.map(({ id }) => id), due: false };
  deletions.add(entry);
  publish();
  keepFocus();
  notices.set(entry.key, notifyUndoable(text, () => undo(entry.key), () => markDue(entry.key)));
}

/** Sends all pending deletions: nobody will be there to undo them. */
export async function finishDeleting(): Promise<void> {
  const open = deletions.entries.map((entry) => entry.key);
  withdraw();
  for (const one of open) deletions.markDue(one);
  publish();
  await Promise.all(deletions.entries.map(send));
}

function undo(one: string): void {
  notices.delete(one);
  deletions.undo(one);
  publish();
}

function markDue(one: string): void {
  notices.delete(one);
  deletions.markDue(one);
  flush();
}

function flush(): void {
  for (const entry of deletions.entries) if (entry.due) void send(entry);
  publish();
}

async function send(entry: Deletion): Promise<void> {
  if (sending.has(entry.key)) return;
  sending.add(entry.key);
  try {
    for (const id of entry.messageIds) await sendOne(entry, id);
  } catch (error) {
    const wait = waitOf(error);
    if (wait !== null) setTimeout(flush, wait);
    else {
      deletions.drop(entry.key);
      showError(error);
    }
  } finally {
    sending.delete(entry.key);
    publish();
  }
}

async function sendOne({ conversationId }: Deletion, id: string): Promise<void> {
  try {
    deliver(await api<Message>("DELETE", pathOf(conversationId, id)));
  } catch (error) {
    // Somebody else deleted it first, or the whole conversation is gone.
    if (!(error instanceof Problem) || error.code !== "not_found") throw error;
  }
  done(id);
}

/** How long to wait before a retry; `null`: do not retry. After a sign-out it continues at the next visit. */
function waitOf(error: unknown): number | null {
  if (!(error instanceof Problem)) return null;
  if (error.retryAfterMs !== null && error.retryAfterMs <= LONGEST_WAIT_MS) return error.retryAfterMs;
  return error.code === "unreachable" || error.status === 401 || error.status >= 500 ? TRY_AGAIN_MS : null;
}

/** Deleted for everybody. */
function done(id: string): void {
  for (const { key: one } of deletions.done(id)) {
    notices.get(one)?.();
    notices.delete(one);
  }
  publish();
}

/** The page may not live to see the response: the next page resends what was not acknowledged. */
function onLeave(): void {
  for (const { key: one } of deletions.entries) deletions.markDue(one);
  for (const { conversationId, messageIds } of deletions.entries) {
    for (const id of messageIds) sendOnLeave("DELETE", pathOf(conversationId, id));
  }
  withdraw();
  publish();
}

function withdraw(): void {
  for (const takeBack of notices.values()) takeBack();
  notices.clear();
}

const pathOf = (conversationId: string, id: string) => `/api/conversations/${conversationId}/messages/${id}`;

function publish(): void {
  hidden.value = deletions.hidden();
  if (key !== "") remember(sessionStorage, key, deletions.entries);
}
