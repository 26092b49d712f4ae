import { describe, expect, test } from "vitest";
import type { Conversation, Message } from "../realtime/types";
import { ConversationLog } from "./log";

function message(id: string, position: number, rev = position, content = `${id} at ${rev}`): Message {
  return {
    id, position, rev, content,
    conversationId: "c", clientId: id, author: { kind: "user", userId: "u", name: "Ada" }, citations: [],
    status: "complete", failure: null, generationId: null, replyTo: null,
    createdAt: "2026-01-01T00:00:00Z", editedAt: null, deletedAt: null,
  };
}

function conversation(head: number): Conversation {
  return { id: "c", notebookId: "n", title: null, model: null, createdBy: "u", createdAt: "2026-01-01T00:00:00Z", head };
}

function joined(...messages: Message[]): ConversationLog {
  const log = new ConversationLog();
  const head = Math.max(0, ...messages.map(({ rev }) => rev));
  log.join({ conversation: conversation(head), messages, complete: true }, undefined);
  return log;
}

const ids = (log: ConversationLog) => log.messages().map(({ id }) => id);

describe("a conversation's log", () => {
  test("takes changes in any order, and repetitions", () => {
    const log = joined(message("a", 1));
    expect(log.apply(message("c", 3))).toBe("gap");
    expect(log.head).toBe(1);
    expect(log.apply(message("b", 2))).toBe("applied");
    expect(log.head).toBe(3);
    expect(log.apply(message("b", 2))).toBe("known");
    expect(ids(log)).toEqual(["a", "b", "c"]);
  });

  test("keeps the copy with the higher rev", () => {
    const log = joined(message("a", 1), message("b", 2));
    log.apply(message("a", 1, 3, "edited"));
    log.apply(message("a", 1, 1, "old"));
    expect(log.get("a")?.content).toBe("edited");
    expect(ids(log)).toEqual(["a", "b"]);
  });

  test("catching up closes a gap whose revs were overwritten", () => {
    const log = joined(message("a", 1));
    // Rev 2 created b, rev 3 edited it, rev 4 created c: the catch-up carries only the last state of each.
    expect(log.apply(message("c", 4))).toBe("gap");
    log.join({ conversation: conversation(4), messages: [message("b", 2, 3), message("c", 4)], complete: true }, 1);
    expect(log.head).toBe(4);
    expect(log.hasGap).toBe(false);
  });

  test("an incomplete catch-up goes on from its last rev", () => {
    const log = joined(message("a", 1));
    log.join({ conversation: conversation(9), messages: [message("b", 2), message("c", 3)], complete: false }, 1);
    expect(log.head).toBe(3);
  });

  test("a catch-up does not lower the head that events have reached meanwhile", () => {
    const log = joined(message("a", 1));
    log.apply(message("b", 2));
    log.join({ conversation: conversation(1), messages: [], complete: true }, 1);
    expect(log.head).toBe(2);
  });

  test("changes that come before the join's answer are not lost", () => {
    const log = new ConversationLog();
    log.apply(message("b", 2));
    log.join({ conversation: conversation(1), messages: [message("a", 1)], complete: true }, undefined);
    expect(ids(log)).toEqual(["a", "b"]);
    expect(log.head).toBe(2);
  });

  test("a change of a message older than the window counts, but does not show up alone", () => {
    const log = joined(message("y", 50), message("z", 51));
    expect(log.before).toBe(50);
    log.apply(message("a", 3, 52, "edited"));
    expect(log.head).toBe(52);
    expect(ids(log)).toEqual(["y", "z"]);
    log.prepend([message("a", 3, 52, "edited"), message("x", 49)], null);
    expect(ids(log)).toEqual(["a", "x", "y", "z"]);
    expect(log.before).toBeNull();
  });
});
