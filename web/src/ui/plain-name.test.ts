import { expect, test } from "vitest";
import { plainName } from "./plain-name";

test("a name cannot pretend to another ending", () => {
  expect(plainName("abc\u202egpj.txt")).toBe("abcgpj.txt");
  expect(plainName("\u2067a\u2069\u200fb.md")).toBe("ab.md");
  expect(plainName("שלום עולם.pdf")).toBe("שלום עולם.pdf");
});
