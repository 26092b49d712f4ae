import { expect, test } from "vitest";
import { joinLines, ownText, partsOf } from "./passage";
import { withSigns } from "./rendered-passage";

const cut = (text: string, pageStart: number, start: number, end: number) => {
  const { before, passage, after } = partsOf(text, pageStart, { start, end }, null);
  return [before, passage?.before ?? null, after];
};

test("offsets count code points, not UTF-16 units", () => {
  expect(cut("👩‍🚀 naïve 𝛼 end", 100, 104, 109)).toEqual(["👩‍🚀 ", "naïve", " 𝛼 end"]);
  expect(cut("👩‍🚀 naïve 𝛼 end", 100, 110, 111)[1]).toBe("𝛼");
});

test("the names above the rows of a table are not part of what is there", () => {
  expect(ownText("Name 🌿 | Age\nAnn | 31", { start: 40, end: 48 })).toBe("Ann | 31");
  expect(ownText("All of it.", { start: 7, end: 17 })).toBe("All of it.");
});

test("a passage over the page's edges is clipped", () => {
  expect(cut("abcdef", 10, 7, 12)).toEqual(["", "ab", "cdef"]);
  expect(cut("abcdef", 10, 14, 30)).toEqual(["abcd", "ef", ""]);
});

test("a passage on another page marks nothing", () => {
  expect(cut("abc", 10, 0, 10)).toEqual(["abc", null, ""]);
  expect(cut("abc", 10, 13, 20)).toEqual(["abc", null, ""]);
});

test("what is meant of a passage lies within it", () => {
  const parts = (start: number, end: number) => partsOf("abcdefgh", 0, { start: 2, end: 6 }, { start, end }).passage;
  expect(parts(3, 5)).toEqual({ before: "c", focus: "de", after: "f" });
  expect(parts(0, 3)).toEqual({ before: "", focus: "c", after: "def" });
  expect(parts(7, 9)).toEqual({ before: "cdef", focus: "", after: "" });
});

test("the signs of a mark leave Markdown what it is", () => {
  const signs = (text: string, start: number, end: number, focus: [number, number] | null = null) =>
    withSigns(partsOf(text, 0, { start, end }, focus && { start: focus[0], end: focus[1] }))
      .replaceAll("\uf8f0", "«").replaceAll("\uf8f1", "‹").replaceAll("\uf8f2", "›").replaceAll("\uf8f3", "»");
  expect(signs("# Cells\n\nThey divide.", 0, 21)).toBe("# «Cells\n\nThey divide.»");
  expect(signs("a\n- one\n- two", 2, 7)).toBe("a\n- «one»\n- two");
  expect(signs("| a | b |\n|---|---|", 0, 9)).toBe("| «a | b |»\n|---|---|");
  expect(signs("```js\nlet a\n```", 0, 15)).toBe("```js\n«let a\n```»");
  expect(signs("One. Two. Three.", 0, 16, [5, 9])).toBe("«One. ‹Two.› Three.»");
  expect(signs("One. Two.", 0, 9, [0, 4])).toBe("«‹One.› Two.»");
  expect(signs("-1 degrees", 0, 10)).toBe("«-1 degrees»");
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
