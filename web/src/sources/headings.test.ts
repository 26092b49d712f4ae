import { expect, test } from "vitest";
import { headingsOf } from "./headings";

const page = (text: string, start = 0) => ({ sourceName: "s", version: 1, number: 2, start, text, pageCount: 3, hasNext: true });

test("the headings of Markdown are those that its author set, with their places in code points", () => {
  const text = "🌿\n# The **leaf**\n\n```\n# no heading\n```\n\n### Light reactions ##\n#5 is none";
  expect(headingsOf(page(text, 100), "markdown")).toEqual([
    { text: "The leaf", page: 2, level: 1, start: 102, end: 116 },
    { text: "Light reactions", page: 2, level: 3, start: 140, end: 162 },
  ]);
});

test("those of other files are the short lines above their parts, and the names of sheets", () => {
  expect(headingsOf(page("Energy\n\nSite | kWh\nPlant | 100"), "xlsx").map(({ text }) => text)).toEqual(["Energy"]);
  expect(headingsOf(page("Fees\n\nThe fee is due in March, and late payment costs extra."), "docx").map(({ text }) => text)).toEqual(["Fees"]);
  expect(headingsOf(page("# no Markdown\n\nThis is what a text file says, as it is."), "text")).toEqual([]);
});
