export interface Cut {
  before: string;
  marked: string;
  after: string;
}

/**
 * Cuts a page's text at a passage of its document. `pageStart`, `start` and `end` count Unicode code points from the
 * document's beginning, as the server does; JavaScript's own string offsets count UTF-16 units and would go wrong at
 * the first emoji. A passage that begins or ends on another page is clipped to this one.
 */
export function cutPassage(text: string, pageStart: number, start: number, end: number): Cut {
  const from = unitOffset(text, start - pageStart);
  const to = Math.max(from, unitOffset(text, end - pageStart));
  return { before: text.slice(0, from), marked: text.slice(from, to), after: text.slice(to) };
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
