import { signal } from "@preact/signals";
import { Problem, sentence } from "../http/problem";
import { onConnected, request } from "../realtime/socket";
import type { Message } from "../realtime/types";
import { recall, remember } from "../ui/storage";
import { type Draft, Outbox, type Outgoing } from "./outbox";

const LONGEST_WAIT_MS = 120_000;
const TRY_AGAIN_MS = 1_000;

/** What the server has not acknowledged yet, of all conversations. */
export const outgoing = signal<readonly Outgoing[]>([]);

let outbox = new Outbox();
let key = "";
let receiver: (message: Message) => void = () => undefined;

/** Sends what an earlier page of this tab left behind, and everything from now on, until the returned function. */
export function startSending(userId: string): () => void {
  key = `outbox.${userId}`;
  outbox = new Outbox(recall<Outgoing[]>(sessionStorage, key, []));
  publish();
  return onConnected(flush);
}

/** Where acknowledged messages go: the conversation on the screen. */
export function deliverTo(take: (message: Message) => void): () => void {
  receiver = take;
  return () => {
    if (receiver === take) receiver = () => undefined;
  };
}

/** A message as the server acknowledged it; its event may come before, after, or never. */
export function deliver(message: Message): void {
  receiver(message);
}

export function send(draft: Draft): void {
  outbox.add(draft, new Date());
  flush();
}

export function resend(clientId: string): void {
  outbox.retry(clientId);
  flush();
}

export function discard(clientId: string): void {
  outbox.discard(clientId);
  flush();
}

/** Seen in the log. */
export function stored(clientId: string): void {
  if (!outbox.entries.some((entry) => entry.clientId === clientId)) return;
  outbox.stored(clientId);
  flush();
}

function flush(): void {
  for (const entry of outbox.take()) void sendOne(entry);
  publish();
}

async function sendOne({ conversationId, clientId, content, model, sourceIds, ask }: Outgoing): Promise<void> {
  const options = { ...(model === undefined ? {} : { model }), ...(sourceIds === undefined ? {} : { sourceIds }) };
  const payload = { conversationId, clientId, content, ...options, ...(ask === undefined ? {} : { ask }) };
  try {
    const { message } = await request("message:send", payload);
    outbox.stored(clientId);
    deliver(message);
    flush();
  } catch (error) {
    failed(clientId, error);
  }
}

function failed(clientId: string, error: unknown): void {
  const code = error instanceof Problem ? error.code : "unknown";
  if (code === "disconnected") return outbox.interrupted(clientId);
  if (code === "timeout") {
    outbox.unanswered(clientId);
    setTimeout(flush, TRY_AGAIN_MS);
    return publish();
  }
  const asked = error instanceof Problem ? error.retryAfterMs : null;
  // Nobody expects a message of today to be sent tomorrow.
  const wait = asked !== null && asked <= LONGEST_WAIT_MS ? asked : null;
  if (wait !== null && outbox.postponed(clientId, sentence(error))) {
    setTimeout(() => {
      outbox.waited(clientId);
      flush();
    }, wait);
    return publish();
  }
  if (wait === null) outbox.refused(clientId, sentence(error));
  flush();
}

function publish(): void {
  outgoing.value = [...outbox.entries];
  remember(sessionStorage, key, outbox.entries);
}
