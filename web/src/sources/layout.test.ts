import { describe, expect, test } from "vitest";
import { type Block, canBeLaidOut, layout, type Span } from "./layout";

/** Each block in a line of its own words: `#` a heading, `-` an item, `=` the names of columns, `|` a row. */
function drawn(text: string, titled = false): string[] {
  const of = ({ start, end }: Span) => text.slice(start, end);
  return layout(text, titled).flatMap((block) => {
    switch (block.kind) {
      case "heading":
        return [`# ${of(block.span)}`];
      case "paragraph":
        return [of(block.span)];
      case "list":
        return block.items.map(({ span, depth }) => `${"  ".repeat(depth)}- ${of(span)}`);
      case "table":
        return block.rows.map(({ cells, names }) => `${names ? "=" : "|"} ${cells.map(of).join(" ¦ ")}`);
    }
  });
}

function spansOf(block: Block): Span[] {
  if (block.kind === "list") return block.items.map(({ span }) => span);
  return block.kind === "table" ? block.rows.flatMap(({ cells }) => cells) : [block.span];
}

// As the server gives them, of the files in `ai-engine/tests/samples`.
const SAMPLES: Record<string, [text: string, drawn: string[], titled?: true]> = {
  "a spreadsheet": [
    "Energy\n\nSite | Electricity kWh | Gas Cost\nPlant 1 | 100 | 9\nPlant 2 | 200 | 12",
    ["# Energy", "= Site ¦ Electricity kWh ¦ Gas Cost", "| Plant 1 ¦ 100 ¦ 9", "| Plant 2 ¦ 200 ¦ 12"],
    true,
  ],
  "two tables of a sheet": [
    "Stock\n\nProduct | Stock\nNails | 300\n\nEmployee | Holiday days\nAnn | 28",
    ["# Stock", "= Product ¦ Stock", "| Nails ¦ 300", "= Employee ¦ Holiday days", "| Ann ¦ 28"],
    true,
  ],
  "years as names": ["Region | 2022 | 2023\nNorth | 10.5 | 11\nSouth | 7 | 8", ["= Region ¦ 2022 ¦ 2023", "| North ¦ 10.5 ¦ 11", "| South ¦ 7 ¦ 8"]],
  "a form without names": [
    "Supplier\n\nCompany | Rivertown Mills\nStreet | 4 Dock Road\nPhone | 555 0100",
    ["# Supplier", "| Company ¦ Rivertown Mills", "| Street ¦ 4 Dock Road", "| Phone ¦ 555 0100"],
    true,
  ],
  "a CSV without names": ["Ann Miller | Oslo | nurse\nBob Stone | Bonn | baker", ["| Ann Miller ¦ Oslo ¦ nurse", "| Bob Stone ¦ Bonn ¦ baker"]],
  "names that are said again": [
    "Name | City\nAnn | Oslo\n\nName | City\nBob | Bonn",
    ["= Name ¦ City", "| Ann ¦ Oslo", "= Name ¦ City", "| Bob ¦ Bonn"],
  ],
  "cells without text": [
    "Results\n\n | Pass | Fail\nUnit | 120 | 3\n | 7 | 1\nLoad |  | 2",
    ["# Results", "=  ¦ Pass ¦ Fail", "| Unit ¦ 120 ¦ 3", "|  ¦ 7 ¦ 1", "| Load ¦  ¦ 2"],
  ],
  "cells that a page's edge has cut": ["| Pass | Fail\nUnit | 3 |", ["=  ¦ Pass ¦ Fail", "| Unit ¦ 3 ¦ "]],
  "a chart under its title": [
    "Ships built per year\nBar chart\n | Harbour A | Harbour B\n2021 | 14 | 8",
    ["Ships built per year\nBar chart", "=  ¦ Harbour A ¦ Harbour B", "| 2021 ¦ 14 ¦ 8"],
  ],
  "a numbered document": [
    "Article 1 Scope\n\nSee Article 2 d)(ii) for the exception.\n\nArticle 2 Fees\n\nd) The fee is due in March.\n  (i) for members\n  (ii) for guests, who pay double\ne) Late payment costs extra.",
    ["# Article 1 Scope", "See Article 2 d)(ii) for the exception.", "# Article 2 Fees", "- d) The fee is due in March.", "  - (i) for members", "  - (ii) for guests, who pay double", "- e) Late payment costs extra."],
  ],
  "prose": ["Clean the filter every month.\nReplace it when it is torn.\n\n", ["Clean the filter every month.\nReplace it when it is torn."]],
  "rows of numbers": ["1900 100.0 20.5\n\n1901 107.1 23.5", ["1900 100.0 20.5", "1901 107.1 23.5"]],
  "boxes": ["☒ Member\n\n☐ Guest", ["☒ Member", "☐ Guest"]],
  "an address": ["Ada Marsh\n\n4 Dock Road\n\nBonn\n\nThe letter of the harbour master begins here.", ["Ada Marsh", "4 Dock Road", "Bonn", "The letter of the harbour master begins here."]],
  "a part and its chapter": ["Part One\n\nThe harbour\n\nThe letter of the harbour master begins here.", ["# Part One", "# The harbour", "The letter of the harbour master begins here."]],
  "one line with bars": ["Home | About | Contact\n\nWelcome.", ["Home | About | Contact", "Welcome."]],
  "Markdown and HTML": ["<b>**a**</b>\n\n# x", ["<b>**a**</b>", "# x"]],
  nothing: ["", []],
};

describe("the text of a page is laid out", () => {
  for (const [name, [text, expected, titled]] of Object.entries(SAMPLES)) {
    test(name, () => expect(drawn(text, titled)).toEqual(expected));

    test(`${name}, without losing a character`, () => {
      const spans = layout(text, titled === true).flatMap(spansOf);
      let end = 0;
      for (const span of spans) {
        expect(text.slice(end, span.start)).toMatch(/^(?:\s*\|?\s*)$/);
        expect(span.start).toBeGreaterThanOrEqual(end);
        end = Math.max(end, span.end);
      }
      expect(text.slice(end).trim()).toBe("");
    });
  }
});

test("a page with more than a browser takes at once is left as it is", () => {
  const sheet = (rows: number) => Array.from({ length: rows }, (_, row) => `Plant ${row} | ${row} | ${row * 2} | 9`).join("\n");
  expect(canBeLaidOut(sheet(4_900))).toBe(true);
  expect(canBeLaidOut(sheet(5_100))).toBe(false);
});
