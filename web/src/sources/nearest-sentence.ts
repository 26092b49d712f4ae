const WORDS = new Intl.Segmenter(undefined, { granularity: "word" });
const SENTENCES = new Intl.Segmenter(undefined, { granularity: "sentence" });
const ITEM = /^[ \t]*(?:[-*|#•]|\d+[.)]\s)/;
/** Rows of tables: with bars, with tabs, and "Student: Ada; Grade: 2". */
const ROWS = [/^\s*\||\S \| ?/, /\S\t/, /^[^:;]+:\s[^;]+;\s+[^:;]+:\s[^;]+/];
/** Two spaces after the end of a sentence, or after the sign of an item, divide no cells. */
const BETWEEN_CELLS = /[^\s.!?…:;,•*-] {2,}(?=\S)/g;
/** So much of a sentence's words, or of the claim's, has to be the same. */
const ENOUGH = 0.4;

/**
 * The sentence of a passage that is nearest to what an answer says, as offsets in code points; `null` when none is near, or
 * when it is all of the passage.
 */
export function nearestSentence(passage: string, claim: string): { start: number; end: number } | null {
  const wanted = wordsOf(claim);
  if (wanted.size === 0) return null;
  let best: { segment: string; index: number; score: number; row: RowKind } | null = null;
  for (const { segment, index, row } of sentencesOf(passage)) {
    const words = wordsOf(segment);
    const shared = [...words].filter((word) => wanted.has(word)).length;
    const score = shared / Math.max(1, Math.min(words.size, wanted.size)) * Math.min(1, words.size / 4);
    // The names of the columns are quoted with a row: the row is meant.
    const better = best?.row === "first" && row === "later" ? score >= best.score : score > (best?.score ?? ENOUGH);
    if (better) best = { segment, index, score, row };
  }
  if (best === null || best.segment.trim() === passage.trim()) return null;
  const leading = best.segment.length - best.segment.trimStart().length;
  const start = codePoints(passage.slice(0, best.index + leading));
  return { start, end: start + codePoints(best.segment.trim()) };
}

type RowKind = "none" | "first" | "later";

/** A line break within a paragraph ends no sentence; an empty line, and the end of a list's item or a row, does. */
function* sentencesOf(passage: string): Generator<{ segment: string; index: number; row: RowKind }> {
  let inTable = false;
  for (const { text, index: start, isRow } of blocksOf(passage)) {
    if (isRow) yield { segment: text, index: start, row: inTable ? "later" : "first" };
    else for (const { segment, index } of SENTENCES.segment(text.replaceAll("\n", " "))) yield { segment, index: start + index, row: "none" };
    inTable = isRow;
  }
}

interface Block {
  text: string;
  index: number;
  isRow: boolean;
}

/** Paragraphs, items of lists, and the rows of tables. */
function blocksOf(passage: string): Block[] {
  const lines = passage.split("\n");
  const blocks: Block[] = [];
  let open: Block | null = null;
  let index = 0;
  lines.forEach((text, number) => {
    const isRow = isRowBeside(text, lines[number - 1]) || isRowBeside(text, lines[number + 1]);
    const ends = isRow || text.trim() === "";
    if (!ends && open !== null && !ITEM.test(text)) open.text += `\n${text}`;
    else {
      const block = { text, index, isRow };
      blocks.push(block);
      open = ends ? null : block;
    }
    index += text.length + 1;
  });
  return blocks;
}

/** Whether this is a row of a table to which the line beside it belongs as well: alone, either could be prose. */
function isRowBeside(line: string, other: string | undefined): boolean {
  if (other === undefined) return false;
  if (ROWS.some((row) => row.test(line) && row.test(other))) return true;
  const [starts, others] = [cellStarts(line), cellStarts(other)];
  return starts.length > 0 && (starts.length === others.length || starts.some((start) => others.includes(start)));
}

/** Where cells begin, but for the first. */
function cellStarts(line: string): number[] {
  return [...line.matchAll(BETWEEN_CELLS)].map(({ 0: { length }, index }) => index + length);
}

function wordsOf(text: string): Set<string> {
  const words = [...WORDS.segment(text)].filter(({ isWordLike }) => isWordLike).map(({ segment }) => segment.toLowerCase());
  return new Set(words);
}

export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
