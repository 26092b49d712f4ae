import { expect, test } from "vitest";
import { cutPassage, joinLines } from "./passage";

test("offsets count code points, not UTF-16 units", () => {
  expect(cutPassage("👩‍🚀 naïve 𝛼 end", 100, 104, 109)).toEqual({ before: "👩‍🚀 ", marked: "naïve", after: " 𝛼 end" });
  expect(cutPassage("👩‍🚀 naïve 𝛼 end", 100, 110, 111).marked).toBe("𝛼");
});

test("a passage over the page's edges is clipped", () => {
  expect(cutPassage("abcdef", 10, 7, 12)).toEqual({ before: "", marked: "ab", after: "cdef" });
  expect(cutPassage("abcdef", 10, 14, 30)).toEqual({ before: "abcd", marked: "ef", after: "" });
});

test("a passage on another page marks nothing", () => {
  expect(cutPassage("abc", 10, 0, 10).marked).toBe("");
  expect(cutPassage("abc", 10, 13, 20).marked).toBe("");
});

test("the lines of a paragraph are one, with every offset as it was", () => {
  const text = "# Cells\nThe nucleus\nholds the genes.\n\nTwo kinds:\n- plant\n- animal cells\n1. a list\nthat goes on";
  const joined = joinLines(text);
  expect(joined).toBe("# Cells\nThe nucleus holds the genes.\n\nTwo kinds:\n- plant\n- animal cells\n1. a list that goes on");
  expect(joined).toHaveLength(text.length);
});

test.each([
  "```\nlet a\nlet b\n```\nafter it",
  "| a | b |\n|---|---|\n| 1 | 2 |",
  "> one\n> two",
  "Rose street  \nBerlin",
  "one\n\n    code\n    more",
  "",
])("lines that are meant stay: %j", (text) => {
  expect(joinLines(text)).toBe(text);
});
