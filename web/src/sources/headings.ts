import { isLaidOut, isMarkdown, isTitled } from "./format";
import { headingsIn } from "./layout";
import { withoutSigns } from "./marked-words";
import { codePoints } from "./nearest-sentence";
import type { Format, Page } from "../realtime/types";

export interface Heading {
  text: string;
  page: number;
  /** 1 is the outermost. */
  level: number;
  /** In code points of the document. */
  start: number;
  end: number;
}

const FENCE = /^\s*(?:```|~~~)/;
const HEADING = /^ {0,3}(#{1,6})[ \t]+(\S.*?)[ \t#]*$/;

/** The headings of a page, as far as its text shows them. */
export function headingsOf(page: Page, format: Format | undefined): Heading[] {
  if (isMarkdown(format)) return ofMarkdown(page);
  if (!isLaidOut(format)) return [];
  return headingsIn(page.text, isTitled(format)).map(({ start, end }) => at(page, page.text.slice(start, end), 1, start, end));
}

function ofMarkdown(page: Page): Heading[] {
  const headings: Heading[] = [];
  let fenced = false;
  let start = 0;
  for (const line of page.text.split("\n")) {
    if (FENCE.test(line)) fenced = !fenced;
    const [, signs, text] = fenced ? [] : HEADING.exec(line) ?? [];
    if (signs !== undefined && text !== undefined) headings.push(at(page, withoutSigns(text), signs.length, start, start + line.length));
    start += line.length + 1;
  }
  return headings;
}

function at(page: Page, text: string, level: number, start: number, end: number): Heading {
  const before = page.start + codePoints(page.text.slice(0, start));
  return { text, page: page.number, level, start: before, end: before + codePoints(page.text.slice(start, end)) };
}
