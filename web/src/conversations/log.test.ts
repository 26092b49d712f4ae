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
    log.prepend([message("a", 3, 52, "edited"), message("x", 49)], null, 50);
    expect(ids(log)).toEqual(["a", "x", "y", "z"]);
    expect(log.before).toBeNull();
  });

  test("an excerpt is shown without what is far from it, and what comes meanwhile is at the end", () => {
    const log = joined(message("y", 50), message("z", 51));
    log.jump({ messages: [message("a", 1), message("b", 2)], from: 1, to: 10 });
    log.apply(message("new", 52));
    log.apply(message("b", 2, 53, "edited"));
    expect(ids(log)).toEqual(["a", "b"]);
    expect(log.get("b")?.content).toBe("edited");
    expect(log.newest().map(({ id }) => id)).toEqual(["y", "z", "new"]);
    expect([log.before, log.after]).toEqual([null, 10]);
    log.leaveExcerpt();
    expect(ids(log)).toEqual(["y", "z", "new"]);
    expect([log.before, log.after]).toEqual([50, null]);
  });

  test("reading on joins an excerpt and the end", () => {
    const log = joined(message("y", 50), message("z", 51));
    log.jump({ messages: [message("m", 20)], from: 20, to: 30 });
    log.prepend([message("l", 19)], 19, 20);
    log.append({ messages: [message("n", 31)], from: 31, to: 49 }, 30);
    expect(ids(log)).toEqual(["l", "m", "n", "y", "z"]);
    expect([log.before, log.after]).toEqual([19, null]);
  });

  test("a page that comes after a jump to elsewhere makes no hole", () => {
    const log = joined(message("y", 50), message("z", 51));
    log.jump({ messages: [message("a", 1)], from: 1, to: 10 });
    log.prepend([message("x", 49)], 49, 50);
    expect(ids(log)).toEqual(["a"]);
    log.jump({ messages: [message("m", 20)], from: 20, to: 30 });
    log.append({ messages: [message("b", 11)], from: 11, to: 15 }, 10);
    expect(ids(log)).toEqual(["m"]);
    log.leaveExcerpt();
    expect([ids(log), log.before]).toEqual([["y", "z"], 50]);
  });

  test("an answer that was given later stands with its question in an excerpt, too", () => {
    const log = joined(message("z", 50), { ...message("answer", 51), replyTo: "a" });
    log.jump({ messages: [message("a", 1)], from: 1, to: 10 });
    expect(ids(log)).toEqual(["a", "answer"]);
  });

  test("a message that was changed while its page was read is as it was changed", () => {
    const log = joined(message("y", 50));
    log.apply(message("a", 3, 51, "edited"));
    log.prepend([message("a", 3)], null, 50);
    expect(log.get("a")?.content).toBe("edited");
  });
});
