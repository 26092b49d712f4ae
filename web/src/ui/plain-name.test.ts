import { expect, test } from "vitest";
import { plainName, quoted } from "./plain-name";

test("a name cannot pretend to another ending", () => {
  expect(plainName("abc\u202egpj.txt")).toBe("abcgpj.txt");
  expect(plainName("\u2067a\u2069\u200fb.md")).toBe("ab.md");
  expect(plainName("שלום עולם.pdf")).toBe("שלום עולם.pdf");
});

test("a name that is read from the right stands apart in a sentence", () => {
  expect(quoted("Botany!")).toBe("“Botany!”");
  expect(quoted("ab\u202ec")).toBe("“abc”");
  expect(quoted("علم الأحياء!")).toBe("“\u2068علم الأحياء!\u2069”");
  expect(quoted("Notes: שלום")).toBe("“\u2068Notes: שלום\u2069”");
});
