import { expect, test } from "vitest";
import { draftOf, keepDraft, moveDraft } from "./drafts";

test("a draft follows its conversation, once", () => {
  keepDraft("new", { text: "And then", ask: false });
  moveDraft("new", "id");
  moveDraft("new", "id");
  expect(draftOf("id")).toEqual({ text: "And then", ask: false });
  expect(draftOf("new")).toEqual({ text: "", ask: true });
});

test("what is sent or wiped out is forgotten, but not that no answer is asked for", () => {
  keepDraft("one", { text: "Begun", ask: true });
  keepDraft("one", { text: "", ask: true });
  expect(draftOf("one")).toEqual({ text: "", ask: true });
  keepDraft("one", { text: "", ask: false });
  expect(draftOf("one").ask).toBe(false);
});
