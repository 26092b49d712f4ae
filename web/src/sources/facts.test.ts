import { expect, test } from "vitest";
import type { SourceVersion } from "../realtime/types";
import { factsOf } from "./facts";

const facts = (format: SourceVersion["format"], pageCount: number | null, version = 1) =>
  factsOf({ origin: { kind: "upload" }, latest: { version, format, size: 2_000, state: { step: "ready" }, pageCount, chunkCount: 1, createdAt: "", updatedAt: "" } });

test("a source is named as people name it, with what it is made of", () => {
  expect(facts("xlsx", 1)).toBe("Excel · 1 sheet · 2 kB");
  expect(facts("pptx", 3)).toBe("PowerPoint · 3 slides · 2 kB");
  expect(facts("markdown", null, 2)).toBe("Markdown · 2 kB · version 2");
});
