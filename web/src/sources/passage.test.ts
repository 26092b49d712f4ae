import { expect, test } from "vitest";
import { cutPassage } from "./passage";

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
