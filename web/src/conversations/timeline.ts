import type { Running } from "../generations/running";
import type { Message } from "../realtime/types";
import type { View } from "./open";
import type { Outgoing } from "./outbox";

/** An answer of which there may be several to one question: stored, or being written. */
export type Version = { kind: "stored"; message: Message } | { kind: "running"; running: Running };

/**
 * What a conversation shows, from top to bottom. Answers stand under their question, whenever they were written, and keep
 * their key from the first word to the last version.
 */
export type Item =
  | { kind: "message"; key: string; message: Message; answers: readonly Message[] }
  | { kind: "answers"; key: string; versions: readonly Version[]; question: Message | null }
  | { kind: "queued"; key: string }
  | { kind: "outgoing"; key: string; entry: Outgoing };

/** How long a question without any sign of an answer is shown as waiting. */
const QUEUED_MS = 2 * 60_000;

export function timeline(view: Pick<View, "messages" | "running"> & { after?: number | null }, outgoing: readonly Outgoing[], now: number): Item[] {
  const answers = answersByQuestion(view);
  const held = new Set(view.messages.map(({ id }) => id));
  const items: Item[] = [];
  for (const message of view.messages) {
    const question = message.replyTo;
    // Its question takes it along, if that is here.
    if (question !== null && held.has(question)) continue;
    if (question === null) items.push({ kind: "message", key: message.id, message, answers: stored(answers.get(message.id)) });
    // The question is further up than what has been read; the first of its answers brings the others.
    else if (answers.has(question)) items.push(group(question, null, answers));
    if (question === null) items.push(...underneath(message, answers, now));
  }
  // The rest belongs to the conversation's end.
  if (view.after != null) return items;
  for (const [question, versions] of answers) items.push({ kind: "answers", key: `answers ${question}`, versions, question: null });
  const known = new Set(view.messages.map(({ clientId }) => clientId));
  for (const entry of outgoing) {
    if (!known.has(entry.clientId)) items.push({ kind: "outgoing", key: entry.clientId, entry });
  }
  return items;
}

/** The new items, reusing those of `before` that are equal, so that they are not rendered again. */
export function reused(items: readonly Item[], before: readonly Item[]): Item[] {
  const known = new Map(before.map((item) => [item.key, item]));
  return items.map((item) => {
    const old = known.get(item.key);
    return old !== undefined && isSame(old, item) ? old : item;
  });
}

function isSame(a: Item, b: Item): boolean {
  const same = (one: readonly unknown[], other: readonly unknown[]) => one.length === other.length && one.every((it, index) => it === other[index]);
  if (a.kind === "message" && b.kind === "message") return a.message === b.message && same(a.answers, b.answers);
  if (a.kind === "answers" && b.kind === "answers") return a.question === b.question && same(a.versions.map(contentOf), b.versions.map(contentOf));
  if (a.kind === "outgoing" && b.kind === "outgoing") return a.entry === b.entry;
  return a.kind === b.kind && a.kind === "queued";
}

const contentOf = (version: Version) => (version.kind === "stored" ? version.message : version.running);

/** What stands under a question: its answers, or that one is on its way. */
function underneath(question: Message, answers: Map<string, Version[]>, now: number): Item[] {
  if (answers.has(question.id)) return [group(question.id, question, answers)];
  return isQueued(question, now) ? [{ kind: "queued", key: `queued ${question.id}` }] : [];
}

/** Takes them out: what is left in the end belongs to no message that is here. */
function group(questionId: string, question: Message | null, answers: Map<string, Version[]>): Item {
  const versions = answers.get(questionId) ?? [];
  answers.delete(questionId);
  return { kind: "answers", key: `answers ${questionId}`, versions, question };
}

/** Oldest first. What was deleted is left out where something else is left to show. */
function answersByQuestion({ messages, running }: Pick<View, "messages" | "running">): Map<string, Version[]> {
  const groups = new Map<string, Version[]>();
  const add = (question: string, version: Version) => groups.set(question, [...(groups.get(question) ?? []), version]);
  for (const message of messages) {
    if (message.replyTo !== null) add(message.replyTo, { kind: "stored", message });
  }
  for (const one of running) add(one.stream.questionId, { kind: "running", running: one });
  for (const [question, versions] of groups) {
    const left = versions.filter((version) => version.kind === "running" || version.message.deletedAt === null);
    groups.set(question, left.length > 0 ? left : versions.slice(-1));
  }
  return groups;
}

function stored(versions: readonly Version[] = []): Message[] {
  return versions.flatMap((version) => (version.kind === "stored" && version.message.deletedAt === null ? [version.message] : []));
}

function isQueued({ generationId, author, deletedAt, createdAt }: Message, now: number): boolean {
  if (author.kind !== "user" || generationId === null || deletedAt !== null) return false;
  return now - Date.parse(createdAt) < QUEUED_MS;
}
