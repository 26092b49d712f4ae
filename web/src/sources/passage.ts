import type { Range } from "../ui/panel";

/** A page's text around a passage. */
export interface Parts {
  before: string;
  /** `null`: none of it is on this page. */
  passage: { before: string; focus: string; after: string } | null;
  after: string;
}

/**
 * What stands at the place that a citation names. Above rows of a table its text has the names of the columns, which stand
 * further up in the document.
 */
export function ownText(text: string, { start, end }: Range): string {
  const all = [...text];
  return all.slice(Math.max(0, all.length - (end - start))).join("");
}

/**
 * Cuts a page's text at a passage of its document, and the passage at what is meant of it. Offsets count Unicode code points
 * from the document's beginning, as the server does; JavaScript's own string offsets count UTF-16 units and would go wrong at
 * the first emoji. What begins or ends on another page is clipped to this one.
 */
export function partsOf(text: string, pageStart: number, range: Range | null, focus: Range | null): Parts {
  const whole = { before: text, passage: null, after: "" };
  if (range === null) return whole;
  const [from, to] = clipped(text, pageStart, range, 0, text.length);
  if (from === to) return whole;
  const [begin, end] = focus === null ? [to, to] : clipped(text, pageStart, focus, from, to);
  const passage = { before: text.slice(from, begin), focus: text.slice(begin, end), after: text.slice(end, to) };
  return { before: text.slice(0, from), passage, after: text.slice(to) };
}

function clipped(text: string, pageStart: number, { start, end }: Range, least: number, most: number): [number, number] {
  const from = Math.min(most, Math.max(least, unitOffset(text, start - pageStart)));
  return [from, Math.min(most, Math.max(from, unitOffset(text, end - pageStart)))];
}

/** The UTF-16 offset of a code point, clamped to the text. */
function unitOffset(text: string, codePoints: number): number {
  let unit = 0;
  for (let left = codePoints; left > 0 && unit < text.length; left -= 1) {
    unit += (text.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1;
  }
  return unit;
}

const FENCE = /^\s*(?:```|~~~)/;
/** Lines that are no part of the paragraph before them: none at all, indented ones, lists, quotes, tables, headings. */
const APART = /^(?:$|\s|[-*+>|#]|\d+[.)])/;
/** Lines that no paragraph goes on from: none, headings, tables, and those that end in a meant line break. */
const ENDED = /^\s*$|^\s*[#|]| {2}$|\\$/;

/**
 * Markdown with the lines of each paragraph in one, as its author means them: a line break within a paragraph is a space.
 * Each character keeps its offset.
 */
export function joinLines(markdown: string): string {
  let fenced = false;
  let joined = "";
  let before = "";
  for (const line of markdown.split("\n")) {
    const code = fenced || FENCE.test(line) || FENCE.test(before);
    const goesOn = !code && !ENDED.test(before) && !APART.test(line);
    joined += `${goesOn ? " " : "\n"}${line}`;
    if (FENCE.test(line)) fenced = !fenced;
    before = line;
  }
  return joined.slice(1);
}
