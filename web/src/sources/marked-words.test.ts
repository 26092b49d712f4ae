import { expect, test } from "vitest";
import { coverage, excerpt, withoutSigns } from "./marked-words";

const marked = (text: string, query: string) => excerpt(text, query).map((piece) => (piece.found ? `«${piece.text}»` : piece.text)).join("");

test("words are marked in any case, with and without accents, and in other forms", () => {
  expect(marked("Cells divide; a café is no cell.", "cell CAFE")).toBe("«Cells» divide; a «café» is no «cell».");
  expect(marked("An art, an artist.", "art")).toBe("An «art», an artist.");
  expect(marked("Nothing here.", "mitosis")).toBe("Nothing here.");
  expect(marked("細胞は分裂する。", "細胞")).toBe("«細胞»は分裂する。");
});

test("of a long passage the part is shown that has most of the words", () => {
  const filler = "Nothing of interest stands in this sentence. ".repeat(12);
  const shown = marked(`Spindle. ${filler}The spindle pulls the chromatids apart. ${filler}`, "spindle chromatids");
  expect(shown).toContain("«spindle» pulls the «chromatids» apart");
  expect(shown).toMatch(/^… .* …$/s);
  expect(shown.length).toBeLessThan(320);
});

test("it is told how many of the words a passage has", () => {
  expect(coverage("The spindle pulls.", "spindle fibres")).toBe(0.5);
  expect(coverage("The spindle pulls.", "  ?")).toBe(0);
});

test("Markdown is shown without its signs", () => {
  expect(withoutSigns("## Calvin cycle\n\nIt fixes **carbon** in `x`, see [here](https://x.org).\n\n| a | b |\n|---|---|\n| 1 | 2 |"))
    .toBe("Calvin cycle\n\nIt fixes carbon in x, see here.\n\na | b\n\n1 | 2");
  expect(withoutSigns("5 * 3 # 4 snake_case")).toBe("5 * 3 # 4 snake_case");
});
