// The words of a query in a passage: what is shown of it in a list of what was found, and what is marked there.

const WORDS = new Intl.Segmenter(undefined, { granularity: "word" });
/** So much of a passage is shown. */
const LENGTH = 260;
/** Before the first word that was found. */
const LEAD = 60;
/** Longer words are the same if one begins with the other: "cell" and "cells". */
const STEM = 4;

export interface Piece {
  text: string;
  found: boolean;
}

interface Word {
  start: number;
  end: number;
  folded: string;
}

/** Without case and accents, as the server compares. */
const fold = (text: string) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

function wordsOf(text: string): Word[] {
  return [...WORDS.segment(text)].flatMap(({ segment, index, isWordLike }) =>
    isWordLike === true ? [{ start: index, end: index + segment.length, folded: fold(segment) }] : [],
  );
}

function isSame(one: string, other: string): boolean {
  if (one === other) return true;
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  return short.length >= STEM && long.startsWith(short);
}

/** How many of the query's words a text has, of 1. */
export function coverage(text: string, query: string): number {
  const wanted = new Set(wordsOf(query).map(({ folded }) => folded));
  if (wanted.size === 0) return 0;
  const there = new Set(wordsOf(text).map(({ folded }) => folded));
  const found = [...wanted].filter((word) => there.has(word) || [...there].some((other) => isSame(word, other)));
  return found.length / wanted.size;
}

/** The stretch of a passage that has the most of the query's words, with those marked. */
export function excerpt(text: string, query: string): Piece[] {
  const wanted = wordsOf(query).map(({ folded }) => folded);
  const words = wordsOf(text);
  const found = words.filter(({ folded }) => wanted.some((word) => isSame(word, folded)));
  const from = startOf(words, found);
  const to = text.length - from <= LENGTH ? text.length : endBefore(words, from + LENGTH);
  const pieces: Piece[] = from > 0 ? [{ text: "… ", found: false }] : [];
  let at = from;
  for (const { start, end } of found.filter((word) => word.start >= from && word.end <= to)) {
    if (start > at) pieces.push({ text: text.slice(at, start), found: false });
    pieces.push({ text: text.slice(start, end), found: true });
    at = end;
  }
  if (at < to) pieces.push({ text: text.slice(at, to), found: false });
  if (to < text.length) pieces.push({ text: " …", found: false });
  return pieces;
}

/** Where to begin, so that most of what was found is to be seen. */
function startOf(words: readonly Word[], found: readonly Word[]): number {
  let best = { at: 0, different: 0 };
  for (const { start } of found) {
    const within = found.filter((word) => word.start >= start && word.end <= start + LENGTH - LEAD);
    const different = new Set(within.map(({ folded }) => folded)).size;
    if (different > best.different) best = { at: start, different };
  }
  if (best.at <= LEAD) return 0;
  return words.find(({ start }) => start >= best.at - LEAD)?.start ?? best.at;
}

function endBefore(words: readonly Word[], most: number): number {
  return words.findLast(({ end }) => end <= most)?.end ?? most;
}

/** Markdown without the signs that a reader does not see. */
export function withoutSigns(markdown: string): string {
  return markdown
    .replace(/^[ \t]*\|?[ \t]*:?-{3,}:?[ \t]*(?:\|[ \t]*:?-{3,}:?[ \t]*)*\|?[ \t]*$/gm, "")
    .replace(/^[ \t]*#{1,6}[ \t]+/gm, "")
    .replace(/!?\[([^\]\n]*)\]\([^)\n]*\)/g, "$1")
    .replace(/^[ \t]*\|[ \t]?|[ \t]?\|[ \t]*$/gm, "")
    .replace(/\*\*|__|`+/g, "")
    .replace(/\n{3,}/g, "\n\n");
}
