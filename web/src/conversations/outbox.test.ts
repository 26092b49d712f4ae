import { describe, expect, test } from "vitest";
import { Outbox } from "./outbox";

const now = new Date("2026-01-01T00:00:00Z");

function outbox(...clientIds: string[]): Outbox {
  const box = new Outbox();
  for (const clientId of clientIds) box.add({ conversationId: clientId.slice(0, 1), clientId, content: "Hi" }, now);
  return box;
}

const taken = (box: Outbox) => box.take().map(({ clientId }) => clientId);

describe("the outbox", () => {
  test("sends in order within a conversation, and conversations beside each other", () => {
    const box = outbox("a1", "a2", "b1");
    expect(taken(box)).toEqual(["a1", "b1"]);
    expect(taken(box)).toEqual([]);
    box.stored("a1");
    expect(taken(box)).toEqual(["a2"]);
  });

  test("repeats with the same id, and gives up after four unanswered attempts", () => {
    const box = outbox("a1");
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      expect(taken(box)).toEqual(["a1"]);
      box.unanswered("a1");
    }
    expect(taken(box)).toEqual([]);
    expect(box.entries[0]?.state).toBe("failed");
    box.retry("a1");
    expect(taken(box)).toEqual(["a1"]);
  });

  test("a lost connection is not an attempt", () => {
    const box = outbox("a1");
    for (let drop = 0; drop < 20; drop += 1) {
      expect(taken(box)).toEqual(["a1"]);
      box.interrupted("a1");
    }
    expect(box.entries[0]).toMatchObject({ state: "sending", attempts: 0 });
  });

  test("a refused message says why and lets the next one pass", () => {
    const box = outbox("a1", "a2");
    box.take();
    box.refused("a1", "The message is too long.");
    expect(box.entries[0]).toMatchObject({ state: "failed", problem: "The message is too long." });
    expect(taken(box)).toEqual(["a2"]);
  });

  test("a message that has to wait keeps its place, says why, and is sent again after the wait", () => {
    const box = outbox("a1", "a2", "b1");
    expect(taken(box)).toEqual(["a1", "b1"]);
    expect(box.postponed("a1", "Try again in 5 seconds.")).toBe(true);
    expect(taken(box)).toEqual([]);
    expect(box.entries[0]).toMatchObject({ state: "sending", problem: "Try again in 5 seconds." });
    box.waited("a1");
    expect(box.entries[0]).toMatchObject({ state: "sending", problem: null });
    expect(taken(box)).toEqual(["a1"]);
  });

  test("a message is not postponed for ever", () => {
    const box = outbox("a1", "a2");
    for (const again of [true, true, true, false]) {
      expect(taken(box)).toEqual(["a1"]);
      expect(box.postponed("a1", "Try again in 5 seconds.")).toBe(again);
      if (again) box.waited("a1");
    }
    expect(box.entries[0]).toMatchObject({ state: "failed", problem: "Try again in 5 seconds." });
    expect(taken(box)).toEqual(["a2"]);
  });

  test("a message seen in the log is out, also while its acknowledgement is missing", () => {
    const box = outbox("a1");
    box.take();
    box.stored("a1");
    box.unanswered("a1");
    expect(box.entries).toEqual([]);
  });
});
