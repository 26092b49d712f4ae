import type { HistoryPage, Message } from "../realtime/types";

/** Reads the newest messages before a position. */
export type ReadHistory = (before: number, limit: number) => Promise<HistoryPage>;

/** All messages at the positions `from` to `to`. */
export interface Stretch {
  messages: Message[];
  from: number;
  to: number;
}

const PAGE = 50;

/**
 * The messages from a position on: about a page of them, all before `end`. The server reads only backwards, so this asks
 * for what lies before a position further on. Changes count as positions, so a stretch can be without any message: then
 * it looks further, in growing steps.
 */
export async function stretchFrom(read: ReadHistory, from: number, end: number): Promise<Stretch> {
  for (let span = PAGE; ; span *= 2) {
    const before = Math.min(from + span, end);
    const messages = await between(read, from, before);
    if (messages.length > 0 || before >= end) return { messages, from, to: before - 1 };
  }
}

/** Where the first message before `end` is that was written at `time` or later; `end` if there is none. */
export async function positionAt(read: ReadHistory, time: number, end: number): Promise<number> {
  const isOlder = ({ createdAt }: Message) => Date.parse(createdAt) < time;
  // Up to `older` all are older; `found` is not.
  let [older, found] = [0, end];
  while (found - older > PAGE) {
    const before = older + 1 + Math.floor((found - older) / 2);
    const [message] = (await read(before, 1)).messages;
    if (message === undefined || isOlder(message)) older = before - 1;
    else found = message.position;
  }
  const rest = await between(read, older + 1, found);
  return rest.find((message) => !isOlder(message))?.position ?? found;
}

/** All messages at positions from `from` up to `before`. Pages of long messages have fewer than were asked for. */
async function between(read: ReadHistory, from: number, before: number): Promise<Message[]> {
  const all: Message[] = [];
  for (let next: number | null = before; next !== null && next > from; ) {
    const page: HistoryPage = await read(next, PAGE);
    all.unshift(...page.messages.filter(({ position }) => position >= from));
    next = page.nextBefore;
  }
  return all;
}
