import { expect, test } from "vitest";
import { questionsOn, topicsOf } from "./suggestions";

test("a text is about its headings, or what it begins with", () => {
  expect(topicsOf("# The **Calvin** cycle\n\nIt runs.\n\n## [Light](https://example.org) reactions")).toEqual(["The Calvin cycle", "Light reactions"]);
  expect(topicsOf("Mitosis in detail\n\nCells divide.")).toEqual(["Mitosis in detail"]);
  expect(topicsOf("The Danube rises in the Black Forest and flows through ten countries.")).toEqual(["“The Danube rises in the Black Forest and”"]);
  expect(topicsOf("")).toEqual([]);
});

test("each source has its turn", () => {
  expect(questionsOn([["A", "B"], ["C"], []])).toEqual(["What about A?", "What about C?", "What about B?"]);
});
