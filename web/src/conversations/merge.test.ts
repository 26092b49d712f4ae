import { expect, test } from "vitest";
import type { Conversation } from "../realtime/types";
import { byActivity } from "./activity";
import { isUnread, merge, raise } from "./merge";

const conversation = (id: string, more: Partial<Conversation> = {}): Conversation =>
  ({ id, notebookId: "n", title: null, model: null, createdBy: "u", createdAt: "2026-01-01T00:00:00Z", head: 5, lastMessageAt: "2026-01-02T00:00:00Z", readRev: 5, ...more });

test("how far one has read is known on every device", () => {
  expect(isUnread(conversation("a"), {})).toBe(false);
  expect(isUnread(conversation("a", { readRev: 3 }), {})).toBe(true);
  expect(isUnread(conversation("a", { readRev: 3 }), { a: 5 })).toBe(false);
});

test("what was said before one came is no news, and what is said afterwards is", () => {
  const never = conversation("a", { readRev: null });
  expect(isUnread(never, {}, Date.parse("2026-01-03T00:00:00Z"))).toBe(false);
  expect(isUnread(never, {}, Date.parse("2026-01-01T12:00:00Z"))).toBe(true);
});

test("the server's time of the last message orders the list, and an event takes neither it nor one's marks back", () => {
  const list = [conversation("a", { lastMessageAt: "2026-01-05T00:00:00Z" }), conversation("b", { createdAt: "2026-01-04T00:00:00Z" })];
  // What this browser believes to have noticed does not count against it.
  expect(byActivity(list, { b: [5, Date.parse("2026-02-01T00:00:00Z")] }).map(({ id }) => id)).toEqual(["a", "b"]);
  const raised = raise(list, "b", 7, "2026-01-06T00:00:00Z");
  expect(byActivity(raised, {}).map(({ id }) => id)).toEqual(["b", "a"]);
  const { readRev: _, ...late } = conversation("b", { head: 6, title: "Cells" });
  expect(merge(raised, late).at(-1)).toMatchObject({ head: 7, lastMessageAt: "2026-01-06T00:00:00Z", readRev: 5, title: "Cells" });
});
