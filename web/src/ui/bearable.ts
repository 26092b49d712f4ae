/** What Markdown may ask of the browser that renders it. Far beyond what people and models write to be read. */
const MOST = {
  /** UTF-16 code units. */
  length: 400_000,
  /** Quotes and lists in one another. */
  nesting: 32,
  /** Spaces before an item of a list. */
  indent: 100,
  /** Runs of `*`, `_` or `~` in one block: each may be tried with each. */
  emphasis: 600,
  /** Characters of one such run. */
  run: 128,
  /** Brackets, backticks and the like in one block, for the same reason. */
  marks: 3_000,
  /** Cells of a table, those included that rows leave out. */
  cells: 20_000,
};

const CONTAINERS = /^(?:[ \t]{0,8}(?:>|[-*+]|\d{1,9}[.)])(?=[ \t>]|[-*+]|\d|$))+/;
const CONTAINER = />|[-*+]|\d{1,9}[.)]/g;
const DEEP_ITEM = new RegExp(`^[ \\t]{${MOST.indent},}(?:[-*+]|\\d{1,9}[.)])[ \\t]`);
const RUN = /\*+|_+|~+/g;
const MARK = /[[\]<`(@]/g;
/** Only those that are one beyond doubt. */
const FENCE = /^(`{3,}|~{3,})[\w+-]*[ \t]*$/;
const DELIMITER_ROW = /^[ \t>]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-*:?[ \t]*)*$/;

/**
 * Whether a text can be rendered in a time that nobody notices. It is read once, line by line: the parser goes back and
 * forth, and into itself as deep as a text is nested.
 */
export function isBearable(text: string): boolean {
  if (text.length > MOST.length) return false;
  let fence: string | undefined;
  const block = { emphasis: 0, marks: 0, columns: 0, rows: 0 };
  for (const line of text.split("\n")) {
    if (line.trim() === "") Object.assign(block, { emphasis: 0, marks: 0, columns: 0, rows: 0 });
    // Nothing is looked for in code.
    const mark = FENCE.exec(line)?.[1];
    if (fence === undefined) fence = mark;
    else if (mark !== undefined && mark[0] === fence[0] && mark.length >= fence.length) fence = undefined;
    if (fence !== undefined) continue;
    if (isNested(line)) return false;
    for (const [run] of line.matchAll(RUN)) {
      if (run.length > MOST.run) return false;
      block.emphasis += 1;
    }
    block.marks += count(line, MARK);
    if (line.includes("|") && DELIMITER_ROW.test(line)) block.columns = Math.max(block.columns, line.split("|").length);
    block.rows += 1;
    if (block.emphasis > MOST.emphasis || block.marks > MOST.marks) return false;
    if (block.columns * block.rows > MOST.cells) return false;
  }
  return true;
}

function isNested(line: string): boolean {
  if (DEEP_ITEM.test(line)) return true;
  const containers = CONTAINERS.exec(line)?.[0];
  return containers !== undefined && count(containers, CONTAINER) > MOST.nesting;
}

function count(text: string, what: RegExp): number {
  return text.match(what)?.length ?? 0;
}
