import { signal } from "@preact/signals";
import { api, tellInPassing } from "../http/client";
import { Problem } from "../http/problem";
import { on, onConnected } from "../realtime/socket";
import type { Message } from "../realtime/types";
import { keepFocus } from "../ui/focus";
import { randomId } from "../ui/ids";
import { recall, remember } from "../ui/storage";
import { complain, sayUndoable } from "../ui/toast";
import { type Deletion, Deletions } from "./deletions";
import { deliver } from "./sending";

const TRY_AGAIN_MS = 5_000;
const LONGEST_WAIT_MS = 120_000;

/** Ids of messages that are out of sight: deleted here, whether or not the server has been told. */
export const hidden = signal<ReadonlySet<string>>(new Set());

let deletions = new Deletions();
let key = "";
/** Take back the notice of a deletion that has nothing left to do. */
const notices = new Map<string, () => void>();
/** What the server is being told. */
const telling = new Set<string>();

/** Carries out what an earlier page of this tab left behind, and everything from now on, until the returned function. */
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
    // What the server has not taken in stays noted down for this user's next visit.
    key = "";
    deletions = new Deletions();
    publish();
  };
}

/** Takes messages out of sight at once. The server is told when the notice with its way back is gone. */
export function deleteMessages(conversationId: string, messages: readonly Message[], said: string): void {
  const entry = { key: randomId(), conversationId, messageIds: messages.map(({ id }) => id), due: false };
  deletions.add(entry);
  publish();
  keepFocus();
  notices.set(entry.key, sayUndoable(said, () => undo(entry.key), () => fallsDue(entry.key)));
}

/** Tells the server of everything that was deleted: there will be nobody to undo it. */
export async function finishDeleting(): Promise<void> {
  const open = deletions.entries.map((entry) => entry.key);
  withdraw();
  for (const one of open) deletions.fallsDue(one);
  publish();
  await Promise.all(deletions.entries.map(tell));
}

function undo(one: string): void {
  notices.delete(one);
  deletions.undo(one);
  publish();
}

function fallsDue(one: string): void {
  notices.delete(one);
  deletions.fallsDue(one);
  flush();
}

function flush(): void {
  for (const entry of deletions.entries) if (entry.due) void tell(entry);
  publish();
}

async function tell(entry: Deletion): Promise<void> {
  if (telling.has(entry.key)) return;
  telling.add(entry.key);
  try {
    for (const id of entry.messageIds) await tellOf(entry, id);
  } catch (error) {
    const wait = waitOf(error);
    if (wait !== null) setTimeout(flush, wait);
    else {
      deletions.drop(entry.key);
      complain(error);
    }
  } finally {
    telling.delete(entry.key);
    publish();
  }
}

async function tellOf({ conversationId }: Deletion, id: string): Promise<void> {
  try {
    deliver(await api<Message>("DELETE", pathOf(conversationId, id)));
  } catch (error) {
    // Somebody else was faster, or the whole conversation is gone.
    if (!(error instanceof Problem) || error.code !== "not_found") throw error;
  }
  done(id);
}

/** How long to wait until it is worth trying again; `null`: it never is. Whoever is signed out goes on at the next visit. */
function waitOf(error: unknown): number | null {
  if (!(error instanceof Problem)) return null;
  if (error.retryAfterMs !== null && error.retryAfterMs <= LONGEST_WAIT_MS) return error.retryAfterMs;
  return error.code === "unreachable" || error.status === 401 || error.status >= 500 ? TRY_AGAIN_MS : null;
}

/** Deleted for all. */
function done(id: string): void {
  for (const { key: one } of deletions.done(id)) {
    notices.get(one)?.();
    notices.delete(one);
  }
  publish();
}

/** The page may not live to hear the answer: what was not taken in is told again by the next one. */
function onLeave(): void {
  for (const { key: one } of deletions.entries) deletions.fallsDue(one);
  for (const { conversationId, messageIds } of deletions.entries) {
    for (const id of messageIds) tellInPassing("DELETE", pathOf(conversationId, id));
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
