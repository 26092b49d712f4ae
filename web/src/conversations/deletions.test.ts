import { describe, expect, test } from "vitest";
import type { Message } from "../realtime/types";
import { Deletions, withoutHidden } from "./deletions";

const entry = (key: string, ...messageIds: string[]) => ({ key, conversationId: "c", messageIds, due: false });

function deletions(...entries: ReturnType<typeof entry>[]): Deletions {
  const all = new Deletions();
  for (const one of entries) all.add(one);
  return all;
}

describe("deletions", () => {
  test("are out of sight at once, and can be undone until they fall due", () => {
    const all = deletions(entry("1", "answer", "question"), entry("2", "other"));
    expect([...all.hidden()]).toEqual(["answer", "question", "other"]);
    expect(all.undo("1")).toBe(true);
    expect([...all.hidden()]).toEqual(["other"]);
    all.markDue("2");
    expect(all.undo("2")).toBe(false);
    expect([...all.hidden()]).toEqual(["other"]);
  });

  test("stay out of sight once they are done, whatever comes late", () => {
    const all = deletions(entry("1", "answer", "question"));
    expect(all.done("answer")).toEqual([]);
    expect(all.done("question").map(({ key }) => key)).toEqual(["1"]);
    expect(all.entries).toEqual([]);
    expect(all.hidden().has("question")).toBe(true);
  });

  test("that somebody else was faster with have nothing left to undo", () => {
    const all = deletions(entry("1", "answer", "question"));
    all.done("answer");
    expect(all.entries[0]?.messageIds).toEqual(["question"]);
    expect(all.done("nobody’s")).toEqual([]);
  });

  test("that the server refuses are taken back", () => {
    const all = deletions(entry("1", "question"));
    all.markDue("1");
    all.drop("1");
    expect(all.hidden().size).toBe(0);
  });

  test("of an earlier page are due", () => {
    expect(new Deletions([entry("1", "question")]).entries[0]?.due).toBe(true);
  });

  test("leave what is drawn of the others as it is", () => {
    const message = (id: string) => ({ id, content: id, citations: [], deletedAt: null, createdAt: "2026-01-01T00:00:00.000Z" }) as unknown as Message;
    const [kept, gone] = [message("kept"), message("gone")];
    const [first, second] = [withoutHidden([kept, gone], new Set(["gone"])), withoutHidden([kept, gone], new Set(["gone"]))];
    expect(first[0]).toBe(kept);
    expect(first[1]).toMatchObject({ content: "", deletedAt: expect.any(String) });
    expect(second[1]).toBe(first[1]);
  });
});
