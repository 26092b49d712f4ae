import { signal } from "@preact/signals";
import { api } from "../http/client";
import { sentence } from "../http/problem";
import type { Hit, SearchResults } from "../realtime/types";
import { openPanel } from "../ui/panel";
import { coverage } from "./marked-words";
import { nearestSentence } from "./nearest-sentence";
import { ownText } from "./passage";

export interface Search {
  notebookId: string;
  query: string;
  state: "searching" | { hits: Hit[]; more: boolean } | { problem: string };
  /** Where the reader was in the list, and what they opened. */
  scrolled: number;
  opened: number | null;
}

/** The newest, and what came of it: still there when one comes back from a passage. */
export const search = signal<Search | null>(null);

const FEW = 20;
const MANY = 100;
/** The server ranks all that there is; what has neither the words nor the meaning was not found. */
const ENOUGH_WORDS = 0.5;
const ENOUGH_MEANING = 0.3;

const isFound = ({ text, similarity }: Hit, query: string): boolean =>
  similarity >= ENOUGH_MEANING || coverage(text, query) >= ENOUGH_WORDS;

export async function searchFor(notebookId: string, query: string, limit = FEW): Promise<void> {
  const mine: Search = { notebookId, query, state: "searching", scrolled: 0, opened: null };
  search.value = mine;
  const is = (state: Search["state"]) => {
    // Something else was searched for meanwhile.
    if (search.peek() === mine) search.value = { ...mine, state };
  };
  try {
    const { hits } = await api<SearchResults>("POST", `/api/notebooks/${notebookId}/search`, { query, limit });
    const found = hits.filter((hit) => isFound(hit, query));
    is({ hits: found, more: limit < MANY && hits.length === limit && found.length === hits.length });
  } catch (error) {
    is({ problem: sentence(error) });
  }
}

export const searchForMore = ({ notebookId, query }: Search): Promise<void> => searchFor(notebookId, query, MANY);

/** Opens a passage over the list, at the sentence that is nearest to what was searched for. */
export function openHit(hit: Hit, query: string): void {
  const { sourceId, version, sourceName, page, start, end, text } = hit;
  const near = nearestSentence(ownText(text, { start, end }), query);
  const focus = near === null ? null : { start: start + near.start, end: start + near.end };
  openPanel({ kind: "passage", target: { sourceId, version, sourceName, page, range: { start, end }, focus, quote: text } }, true);
}

/** Nothing of this user stays behind. */
export function forgetSearch(): void {
  search.value = null;
}
