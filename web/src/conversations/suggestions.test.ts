import { expect, test } from "vitest";
import { generalQuestions, questionsOn, topicsOf } from "./suggestions";

test("a text is about its headings, or what it begins with", () => {
  expect(topicsOf("# The **Calvin** cycle\n\nThe Calvin cycle\nruns at night.\n\n## [Light](https://example.org) reactions\n\nLight starts each reaction in a leaf."))
    .toEqual(["The Calvin cycle", "Light reactions"]);
  expect(topicsOf("Mitosis in detail\n\nThe detail of mitosis is shown here.")).toEqual(["Mitosis in detail"]);
  expect(topicsOf("The Danube rises in the Black Forest and flows through ten countries.")).toEqual(["“The Danube rises in the Black Forest and”"]);
  expect(topicsOf("")).toEqual([]);
});

test("a heading of which no sentence speaks is nothing to ask about", () => {
  const minutes = "# Reading group minutes, 12 March\n\nPresent: Amara, Jonas.\n\n## Decisions\n\n- The group meets every second Thursday at 18:00 in\n  the library.\n";
  expect(topicsOf(minutes)).toEqual(["“The group meets every second Thursday at 18:00”"]);
  expect(topicsOf("# Spacing\n\nRepetitions help most when they are spread out over days.\n\n## Sleep well\n\nWhoever sleeps well learns well."))
    .toEqual(["Sleep well"]);
});

test("a row of a table is nothing to ask about", () => {
  expect(topicsOf("Energy\n\nSite | Electricity kWh | Electricity Cost\nPlant 1 | 100 | 20")).toEqual([]);
  expect(topicsOf("| stage | place |\n|---|---|\n| Calvin cycle | the stroma of a leaf |\n\nThe Calvin cycle runs at night in the stroma of a leaf.")).toEqual(["“The Calvin cycle runs at night in the”"]);
});

test("each source has its turn", () => {
  expect(questionsOn([["A", "B"], ["C"], []])).toEqual(["What about A?", "What about C?", "What about B?"]);
});

test("one source does not disagree with itself", () => {
  const disagree = "What do the sources disagree about?";
  expect(generalQuestions(1)).not.toContain(disagree);
  expect(generalQuestions(2)).toContain(disagree);
});
