import { expect, test } from "vitest";
import { nearestSentence } from "./nearest-sentence";

function found(passage: string, claim: string): string | null {
  const near = nearestSentence(passage, claim);
  return near && [...passage].slice(near.start, near.end).join("");
}

const table = (between: string) =>
  [["Phase", "Cells seen", "Minutes"], ["Prophase 🧬", "412 cells", "36"], ["Metaphase", "97 cells", "12"], ["Anaphase", "31 cells", "4"]]
    .map((cells) => cells.join(between))
    .join("\n");

test.each([["tabs", "\t"], ["spaces", "    "], ["two spaces", "  "], ["bars", " | "]])("of a table of %s the row is found", (_, between) => {
  const claim = "In metaphase 97 cells were seen for 12 minutes";
  expect(found(table(between), claim)).toBe(["Metaphase", "97 cells", "12"].join(between));
  expect(found(`Counts of the second group.\n${table(between)}\nThe rest was not counted.`, claim)).toBe(["Metaphase", "97 cells", "12"].join(between));
});

test("the names of the columns, which are quoted with a row, are not what is meant", () => {
  const rows = "Site | Electricity kWh | Gas Cost\nPlant 1 | 100 | 9\nPlant 2 | 200 | 12";
  expect(found(rows, "Site | Electricity kWh | Gas Cost … Plant 2 | 200 | 12")).toBe("Plant 2 | 200 | 12");
  expect(found(rows, "Site, Electricity kWh and Gas Cost are the columns")).toBe("Site | Electricity kWh | Gas Cost");
});

test("of rows that name their values one is found", () => {
  const rows = "Phase: Prophase; Cells: 412; Minutes: 36\nPhase: Metaphase; Cells: 97; Minutes: 12\nPhase: Anaphase; Cells: 31; Minutes: 4";
  expect(found(rows, "Metaphase: 97 cells, 12 minutes")).toBe("Phase: Metaphase; Cells: 97; Minutes: 12");
});

test("a row with an empty cell is a row, and one with full stops is not cut", () => {
  const rows = "Dr. Ada Lovelace\tRoom 1.5\tMon. to Fri.\nDr. Grace Hopper\t\tTue. to Thu.\nDr. Mae Jemison\tRoom 3.2\tMon. to Wed.";
  expect(found(rows, "Dr. Grace Hopper is there Tue. to Thu.")).toBe("Dr. Grace Hopper\t\tTue. to Thu.");
  const gap = "Metaphase plate  97 cells  12 min\nAnaphase pole    31 cells\nTelophase end    15 cells  9 min";
  expect(found(gap, "At the anaphase pole 31 cells were counted")).toBe("Anaphase pole    31 cells");
});

test("a sentence that is wrapped is no table, whatever its spaces and signs", () => {
  const wide = "The first sentence is here.  During anaphase the spindle\nfibres pull the chromatids apart.  Then the cells rest.  It is\nquiet afterwards.";
  expect(found(wide, "During anaphase the spindle fibres pull the chromatids apart")).toBe("During anaphase the spindle\nfibres pull the chromatids apart.");
  const signs = "Note the order: first mitosis; then what follows: the spindle\nfibres pull all chromatids apart in every cell. They rest.";
  expect(found(signs, "Note the order: first mitosis; then what follows: the spindle fibres pull all chromatids apart in every cell")).toBe(signs.slice(0, signs.indexOf(" They")));
});
