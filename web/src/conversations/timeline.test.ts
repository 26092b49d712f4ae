import { signal } from "@preact/signals";
import { expect, test } from "vitest";
import { GenerationStream } from "../generations/stream";
import type { Message } from "../realtime/types";
import { timeline } from "./timeline";

const NOW = Date.parse("2026-01-01T00:00:00Z");

function message(id: string, position: number, more: Partial<Message> = {}): Message {
  return {
    id, position, rev: position, conversationId: "c", clientId: id, author: { kind: "user", userId: "u", name: "Ada" },
    content: id, citations: [], status: "complete", failure: null, generationId: null, replyTo: null,
    createdAt: "2025-01-01T00:00:00Z", editedAt: null, deletedAt: null, ...more,
  };
}

const answer = (id: string, position: number, replyTo: string, more: Partial<Message> = {}) =>
  message(id, position, { author: { kind: "assistant", model: "m" }, replyTo, ...more });

const running = (questionId: string) => ({
  stream: new GenerationStream("g", { questionId, answerId: "new", model: "m" }),
  tick: signal(0),
});

const keys = (...args: Parameters<typeof timeline>) => timeline(...args).map(({ key }) => key);

test("the rest of an answer that was given anew is not shown", () => {
  const messages = [message("q", 1), answer("old", 2, "q", { deletedAt: "2025-01-01T00:00:00Z" }), answer("new", 3, "q")];
  expect(keys({ messages, running: [] }, [], NOW)).toEqual(["q", "new"]);
});

test("an answer that somebody deleted leaves its trace", () => {
  const messages = [message("q", 1), answer("old", 2, "q", { deletedAt: "2025-01-01T00:00:00Z" })];
  expect(keys({ messages, running: [] }, [], NOW)).toEqual(["q", "old"]);
});

test("the old answer is marked while the new one is written", () => {
  const messages = [message("q", 1), answer("old", 2, "q")];
  const items = timeline({ messages, running: [running("q")] }, [], NOW);
  expect(items[1]).toMatchObject({ kind: "message", superseded: true });
  expect(items[2]).toMatchObject({ kind: "running", key: "new" });
});

test("an answer far from its question says which one it is on", () => {
  const messages = [message("q", 1), message("other", 2), answer("a", 3, "q")];
  expect(timeline({ messages, running: [] }, [], NOW)[2]).toMatchObject({ question: { id: "q" } });
});

test("a message is shown once, also when its acknowledgement is still under way", () => {
  const sent = { conversationId: "c", content: "Hi", state: "sending", attempts: 0, problem: null, createdAt: "" } as const;
  const outgoing = [{ ...sent, clientId: "q" }, { ...sent, clientId: "next" }];
  expect(keys({ messages: [message("q", 1)], running: [] }, outgoing, NOW)).toEqual(["q", "next"]);
});

test("a fresh question waits for its answer", () => {
  const fresh = message("q", 1, { generationId: "g", createdAt: "2026-01-01T00:00:00Z" });
  expect(keys({ messages: [fresh], running: [] }, [], NOW)).toEqual(["q", "queued q"]);
  expect(keys({ messages: [fresh], running: [running("q")] }, [], NOW)).toEqual(["q", "new"]);
});
