import type { Running } from "../generations/running";
import type { Message } from "../realtime/types";
import type { View } from "./open";
import type { Outgoing } from "./outbox";

/** What a conversation shows, from top to bottom. Keys stay the same when a stream becomes its stored answer. */
export type Item =
  | { kind: "message"; key: string; message: Message; superseded: boolean; question: Message | null }
  | { kind: "running"; key: string; running: Running; question: Message | null }
  | { kind: "queued"; key: string }
  | { kind: "outgoing"; key: string; entry: Outgoing };

/** How long a question without a sign of its answer says that it waits. */
const QUEUED_MS = 2 * 60_000;

export function timeline(view: Pick<View, "messages" | "running">, outgoing: readonly Outgoing[], now: number): Item[] {
  const byId = new Map(view.messages.map((message) => [message.id, message]));
  const beingAnswered = new Set(view.running.map(({ stream }) => stream.questionId));
  const shown = view.messages.filter((message) => !isReplaced(message, view, beingAnswered));
  const items: Item[] = shown.map((message, index) => ({
    kind: "message",
    key: message.id,
    message,
    superseded: message.replyTo !== null && beingAnswered.has(message.replyTo),
    question: distantQuestion(message.replyTo, shown[index - 1], byId),
  }));
  const last = shown.at(-1);
  for (const running of view.running) {
    const { answerId, id, questionId } = running.stream;
    items.push({ kind: "running", key: answerId || id, running, question: distantQuestion(questionId, last, byId) });
  }
  if (last !== undefined && isQueued(last, view, now)) items.push({ kind: "queued", key: `queued ${last.id}` });
  const stored = new Set(view.messages.map(({ clientId }) => clientId));
  for (const entry of outgoing) {
    if (!stored.has(entry.clientId)) items.push({ kind: "outgoing", key: entry.clientId, entry });
  }
  return items;
}

/** The empty rest of an answer that was given anew. */
function isReplaced(message: Message, view: Pick<View, "messages">, beingAnswered: ReadonlySet<string>): boolean {
  const { deletedAt, replyTo } = message;
  if (deletedAt === null || replyTo === null) return false;
  return beingAnswered.has(replyTo) || view.messages.some((other) => other.replyTo === replyTo && other.deletedAt === null);
}

/** The question of an answer that does not stand right above it. */
function distantQuestion(id: string | null, above: Message | undefined, byId: Map<string, Message>): Message | null {
  if (id === null || above === undefined || above.id === id || above.replyTo === id) return null;
  return byId.get(id) ?? null;
}

function isQueued({ generationId, author, deletedAt, createdAt }: Message, view: Pick<View, "running">, now: number): boolean {
  if (author.kind !== "user" || generationId === null || deletedAt !== null) return false;
  if (view.running.some(({ stream }) => stream.id === generationId)) return false;
  return now - Date.parse(createdAt) < QUEUED_MS;
}
