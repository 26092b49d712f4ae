import { api } from "../http/client";
import { positionAt, type ReadHistory, type Stretch, stretchFrom } from "./history";
import type { HistoryPage } from "../realtime/types";
import type { OpenConversation } from "./open";

const PAGE = 50;

const reading = (id: string): ReadHistory => (before, limit) =>
  api<HistoryPage>("GET", `/api/conversations/${id}/messages?before=${before}&limit=${limit}`);

export async function readEarlier(open: OpenConversation, before: number): Promise<void> {
  open.prepend(await reading(open.id)(before, PAGE), before);
}

export async function readLater(open: OpenConversation, after: number): Promise<void> {
  open.append(await stretchFrom(reading(open.id), after + 1, open.oldest), after);
}

export const beginning = (open: OpenConversation) => stretchFrom(reading(open.id), 1, open.oldest);

/** What was written from `time` on; `null` if there is nothing. */
export async function writtenSince(open: OpenConversation, time: number): Promise<Stretch | null> {
  const { newest } = open.view.peek();
  const end = open.oldest;
  const first = newest.find(({ createdAt }) => Date.parse(createdAt) >= time);
  if (first === undefined) return null;
  // All from there on is here.
  if (first !== newest[0]) return { messages: [], from: first.position, to: first.position };
  const read = reading(open.id);
  return stretchFrom(read, await positionAt(read, time, end), end);
}
