import { beforeEach, expect, test, vi } from "vitest";
import { userId } from "../auth/who";

const kept = new Map<string, string>();
vi.stubGlobal("localStorage", {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => kept.set(key, value),
  removeItem: (key: string) => kept.delete(key),
});

const { draftOf, keepDraft, moveDraft } = await import("./drafts");

beforeEach(() => {
  kept.clear();
  userId.value = "ada";
});

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
  expect(kept.size).toBe(0);
  keepDraft("one", { text: "", ask: false });
  expect(draftOf("one").ask).toBe(false);
});

test("a draft outlives the page, and is nobody else's", async () => {
  keepDraft("one", { text: "Begun", ask: true });
  vi.resetModules();
  const later = await import("./drafts");
  const who = await import("../auth/who");
  who.userId.value = "ada";
  expect(later.draftOf("one").text).toBe("Begun");
  who.userId.value = "bob";
  expect(later.draftOf("one").text).toBe("");
});
