import { expect, test } from "vitest";
import { nearestSentence } from "../sources/nearest-sentence";
import { claimOf } from "./claim";

test("the claim is the sentence before the reference, wherever the full stop is", () => {
  const content = "Cells divide. The spindle pulls them apart. [1] It then **dissolves** [2, 3].\nAgain [1].";
  expect(claimOf(content, 1)).toBe("The spindle pulls them apart");
  expect(claimOf(content, 3)).toBe("It then **dissolves**");
  expect(claimOf(content, 1, 1)).toBe("Again");
  expect(claimOf(content, 9)).toBe("");
});

test("of a passage the sentence is found that says the same, in code points", () => {
  const passage = "🧬 Cells have a life. During anaphase the spindle fibres pull the\nsister chromatids apart. Then they rest.";
  const near = nearestSentence(passage, "The spindle fibres pull sister chromatids apart during anaphase");
  expect([...passage].slice(near?.start, near?.end).join("")).toBe("During anaphase the spindle fibres pull the\nsister chromatids apart.");
});

test("nothing is picked where nothing is near, and a passage of one sentence is not marked twice", () => {
  expect(nearestSentence("Plants grow. Rivers flow.", "The treaty was signed in 1648")).toBeNull();
  expect(nearestSentence("Plants grow in the light of the sun.", "Plants grow in the light of the sun")).toBeNull();
  expect(nearestSentence("Plants grow.", "")).toBeNull();
});
