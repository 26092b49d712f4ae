import { expect, test } from "vitest";
import { fold, matchesIn } from "./matches";

const found = (text: string, query: string) => matchesIn(fold(text), query).map(({ start, end }) => [...text].slice(start, end).join(""));

test("words are found in any case, with or without accents, and over line breaks", () => {
  expect(found("The Cell. A cell’s wall.", "cell")).toEqual(["Cell", "cell"]);
  expect(found("Ein Café, ein cafe\u0301 und ein Cafe.", "cafe")).toEqual(["Café", "cafe", "Cafe"]);
  expect(found("the spindle\n  fibres pull", "Spindle fibres")).toEqual(["spindle\n  fibres"]);
  expect(found("eﬃcient", "ffi")).toEqual(["ﬃ"]);
});

test("offsets count code points", () => {
  expect(matchesIn(fold("👩‍🚀 𝛼 end, end"), "end")).toEqual([{ start: 6, end: 9 }, { start: 11, end: 14 }]);
});

test("nothing is found by nothing", () => {
  expect(matchesIn(fold("abc"), "  ")).toEqual([]);
  expect(matchesIn(fold(""), "a")).toEqual([]);
  expect(found("aaaa", "aa")).toEqual(["aa", "aa"]);
});
