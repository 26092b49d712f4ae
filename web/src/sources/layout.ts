// Text that was extracted from a file has its structure in its lines only: blank lines between blocks, ` | ` between the cells
// of a row. This finds it again. Nothing is taken away but what stands between blocks, items and cells.

/** Offsets in UTF-16 units, end exclusive. */
export interface Span {
  start: number;
  end: number;
}

export interface Row {
  cells: Span[];
  /** It names the columns. */
  names: boolean;
}

export type Block =
  | { kind: "heading" | "paragraph"; span: Span }
  | { kind: "list"; items: { span: Span; depth: number }[] }
  | { kind: "table"; rows: Row[] };

interface Line extends Span {
  text: string;
}

/** A cell that is empty at the end or at the beginning of a page has lost the space beside it. */
const BETWEEN_CELLS = / \| | \|$|^\| /g;
const BULLET = /^\s*[-–—•▪◦‣*☐☒☑]\s/;
const NUMBERED = /^\s*\(?(?:\d{1,3}|\p{L}|[ivxlc]{1,5})[.)]\s/iu;
/** No list is indented further. */
const DEEPEST = 3;
const LONGEST_HEADING = 90;
const ENDS_SENTENCE = /[.!?…。！？:;,、，；：]["'”’»)\]]*$/;
/** So much under a short line makes it a heading. */
const ENOUGH_PROSE = { sentence: 30, any: 60 };

/** Cells and lines of a page. The browser takes its time for more, and a sheet may have any number. */
const MOST = 20_000;

/** Whether a page can be laid out without a noticeable delay; otherwise it is shown as it is. */
export function canBeLaidOut(text: string): boolean {
  return text.split(/ \| |\n/, MOST + 1).length <= MOST;
}

/** `titled`: each page begins with its name, as a sheet and a slide do. */
export function layout(text: string, titled: boolean): Block[] {
  const groups = groupsOf(text);
  const repeated = repeatedLines(groups);
  const blocks = groups.flatMap((lines) => blocksOf(lines, repeated));
  const [first] = blocks;
  if (titled && first?.kind === "paragraph" && !text.slice(first.span.start, first.span.end).includes("\n")) blocks[0] = { ...first, kind: "heading" };
  return withHeadings(text, blocks);
}

/** What stands above the parts of a text. */
export function headingsIn(text: string, titled: boolean): Span[] {
  return layout(text, titled).flatMap((block) => (block.kind === "heading" ? [block.span] : []));
}

/** Lines with none that is blank between them. */
function groupsOf(text: string): Line[][] {
  const groups: Line[][] = [[]];
  let start = 0;
  for (const line of text.split("\n")) {
    if (line.trim() === "") groups.push([]);
    else groups.at(-1)?.push({ text: line, start, end: start + line.length });
    start += line.length + 1;
  }
  return groups.filter((group) => group.length > 0);
}

/** The names of columns are said again above each stretch of a long table. */
function repeatedLines(groups: readonly Line[][]): ReadonlySet<string> {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const [line] of groups) {
    if (line === undefined || !isRow(line.text)) continue;
    if (seen.has(line.text)) repeated.add(line.text);
    seen.add(line.text);
  }
  return repeated;
}

const isRow = (line: string) => line.search(BETWEEN_CELLS) >= 0;

function blocksOf(lines: readonly Line[], repeated: ReadonlySet<string>): Block[] {
  const blocks: Block[] = [];
  for (const run of runsOf(lines)) {
    const isTable = run.length > 1 && isRow(run[0]?.text ?? "");
    blocks.push(isTable ? tableOf(run, repeated) : listOf(run) ?? { kind: "paragraph", span: spanOf(run) });
  }
  return blocks;
}

/** Separates rows from other lines. A single row is an ordinary line. */
function runsOf(lines: readonly Line[]): Line[][] {
  const runs: Line[][] = [];
  lines.forEach((line, index) => {
    const rows = (at: number) => isRow(lines[at]?.text ?? "");
    const inTable = rows(index) && (rows(index - 1) || rows(index + 1));
    const before = runs.at(-1);
    const goesOn = before !== undefined && inTable === (rows(index - 1) && (rows(index - 2) || rows(index)));
    if (goesOn) before.push(line);
    else runs.push([line]);
  });
  return runs;
}

const spanOf = (lines: readonly Line[]): Span => ({ start: lines[0]?.start ?? 0, end: lines.at(-1)?.end ?? 0 });

function listOf(lines: readonly Line[]): Block | null {
  const begins = lines.map(({ text }) => BULLET.test(text) || NUMBERED.test(text));
  if (begins[0] !== true || begins.filter(Boolean).length < 2) return null;
  const items: { span: Span; depth: number }[] = [];
  lines.forEach(({ text, start, end }, index) => {
    const item = items.at(-1);
    const indent = text.length - text.trimStart().length;
    if (begins[index] === true || item === undefined) items.push({ span: { start: start + indent, end }, depth: Math.min(DEEPEST, Math.floor(indent / 2)) });
    else item.span = { start: item.span.start, end };
  });
  return { kind: "list", items };
}

function tableOf(lines: readonly Line[], repeated: ReadonlySet<string>): Block {
  const cells = lines.map(cellsOf);
  const texts = lines.map((line, index) => (cells[index] ?? []).map(({ start, end }) => line.text.slice(start - line.start, end - line.start).trim()));
  const [first] = lines;
  const named = first !== undefined && (repeated.has(first.text) || areNames(texts[0] ?? [], texts.slice(1)));
  return { kind: "table", rows: cells.map((row, index) => ({ cells: row, names: named && lines[index]?.text === first.text })) };
}

function cellsOf({ text, start }: Line): Span[] {
  const cells: Span[] = [];
  let from = 0;
  for (const { 0: between, index } of text.matchAll(BETWEEN_CELLS)) {
    cells.push({ start: start + from, end: start + index });
    from = index + between.length;
  }
  return [...cells, { start: start + from, end: start + text.length }];
}

/** A quantity, with its unit: `14 m`, `1,599.50 €`, `2024-05-02`. */
const QUANTITY = /^[^\p{L}]*\d[^\p{L}]*\p{L}{0,3}[^\p{L}]*$/u;
const YEAR = /^(?:19|20)\d\d$/;

/** Whether the first row names what stands in the others. Where that cannot be seen it is a row like them. */
function areNames(first: readonly string[], others: readonly string[][]): boolean {
  const [corner, ...names] = first;
  if (names.some((name) => name === "" || (QUANTITY.test(name) && !YEAR.test(name)))) return false;
  if (corner === "" && others.length > 0) return true;
  return names.some((name, index) => {
    const below = others.flatMap((row) => (row[index + 1] ? [row[index + 1] ?? ""] : []));
    const same = YEAR.test(name) ? below.filter((cell) => !YEAR.test(cell)) : below.filter((cell) => QUANTITY.test(cell));
    return below.length > 0 && same.length * 2 > below.length;
  });
}

/** So many short lines above each other are no headings: an address, say. */
const MOST_HEADINGS = 2;

/** Short lines without the end of a sentence, above prose, a list or a table. */
function withHeadings(text: string, blocks: readonly Block[]): Block[] {
  const short = blocks.map((block) => block.kind === "paragraph" && looksLikeHeading(text.slice(block.span.start, block.span.end)));
  return blocks.map((block, index) => {
    if (block.kind !== "paragraph" || short[index] !== true) return block;
    const above = short.lastIndexOf(false, index) + 1;
    const next = short.indexOf(false, index);
    const below = blocks[next];
    const isHeading = below !== undefined && next - above <= MOST_HEADINGS && isBody(text, below);
    return isHeading ? { kind: "heading", span: block.span } : block;
  });
}

function looksLikeHeading(line: string): boolean {
  if (line.length > LONGEST_HEADING || line.includes("\n") || !/\p{L}/u.test(line)) return false;
  return !ENDS_SENTENCE.test(line.trim()) && !BULLET.test(line) && !isRow(line) && !/^\s*\p{Ll}/u.test(line);
}

function isBody(text: string, block: Block): boolean {
  if (block.kind === "table" || block.kind === "list") return true;
  const prose = text.slice(block.span.start, block.span.end).trim();
  return block.kind === "paragraph" && prose.length >= (ENDS_SENTENCE.test(prose) ? ENOUGH_PROSE.sentence : ENOUGH_PROSE.any);
}
