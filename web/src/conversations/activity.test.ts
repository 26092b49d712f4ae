import { expect, test } from "vitest";
import type { Conversation } from "../realtime/types";
import { byActivity, groupOf, noted, noticed } from "./activity";

const conversation = (id: string, createdAt: string, head = 1): Conversation =>
  ({ id, notebookId: "n", title: null, model: null, createdBy: "u", createdAt, head });
const order = (list: Conversation[], activity = {}) => byActivity(list, activity).map(({ id }) => id);

test("times are compared as times, however many digits they have", () => {
  const list = [conversation("a", "2026-01-01T00:00:37.82Z"), conversation("b", "2026-01-01T00:00:37.824Z"), conversation("c", "2026-01-01T00:00:37Z")];
  expect(order(list)).toEqual(["b", "a", "c"]);
  expect(order(list.toReversed())).toEqual(["b", "a", "c"]);
});

test("the conversation in which something was said last comes first", () => {
  const list = [conversation("old", "2026-01-01T00:00:00Z"), conversation("new", "2026-01-02T00:00:00Z")];
  const activity = noted({}, "old", 2, Date.parse("2026-01-03T00:00:00Z"), true);
  expect(order(list, activity)).toEqual(["old", "new"]);
});

test("what has grown while nobody looked has just grown, and what is seen for the first time has not", () => {
  const list = [conversation("a", "2026-01-01T00:00:00Z", 5), conversation("b", "2026-01-02T00:00:00Z", 5)];
  expect(noticed({}, list, 9)).toEqual({});
  expect(noticed({ a: [3, 1], b: [5, 2] }, list, 9)).toEqual({ a: [5, 9], b: [5, 2] });
});

test("a message's own time puts a guess right, and no lower head takes it back", () => {
  expect(noted({ a: [5, 9] }, "a", 5, 4, true)).toEqual({ a: [5, 4] });
  expect(noted({ a: [5, 9] }, "a", 5, 10, false)).toEqual({ a: [5, 9] });
  expect(noted({ a: [5, 9] }, "a", 4, 10, true)).toEqual({ a: [5, 9] });
});

test("days are those of the calendar", () => {
  const now = new Date(2026, 0, 10, 8).getTime();
  expect([new Date(2026, 0, 10, 0, 1), new Date(2026, 0, 9, 23), new Date(2026, 0, 4), new Date(2025, 11, 1)].map((at) => groupOf(at.getTime(), now)))
    .toEqual(["Today", "Yesterday", "Previous 7 days", "Earlier"]);
});
