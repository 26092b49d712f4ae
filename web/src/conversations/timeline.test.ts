import { signal } from "@preact/signals";
import { expect, test } from "vitest";
import { GenerationStream } from "../generations/stream";
import type { Message } from "../realtime/types";
import { reused, timeline } from "./timeline";

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

/** Question → what stands under it, as ids. */
const groups = (...args: Parameters<typeof timeline>) =>
  timeline(...args).flatMap((item) =>
    item.kind === "answers" ? [item.versions.map((it) => (it.kind === "stored" ? it.message.id : it.running.stream.answerId))] : [],
  );

test("the rest of an answer that was given anew is not shown", () => {
  const messages = [message("q", 1), answer("old", 2, "q", { deletedAt: "2025-01-01T00:00:00Z" }), answer("new", 3, "q")];
  expect(groups({ messages, running: [] }, [], NOW)).toEqual([["new"]]);
});

test("an answer that somebody deleted leaves its trace", () => {
  const messages = [message("q", 1), answer("old", 2, "q", { deletedAt: "2025-01-01T00:00:00Z" })];
  expect(groups({ messages, running: [] }, [], NOW)).toEqual([["old"]]);
});

test("a new answer stands under its question, however late it comes, and the old one is a version of it", () => {
  const messages = [message("q", 1), answer("a", 2, "q"), message("next", 3), answer("b", 4, "next"), answer("late", 5, "q")];
  expect(keys({ messages, running: [] }, [], NOW)).toEqual(["q", "answers q", "next", "answers next"]);
  expect(groups({ messages, running: [] }, [], NOW)).toEqual([["a", "late"], ["b"]]);
});

test("an answer that is being written is the newest version, under the same key", () => {
  const messages = [message("q", 1), answer("old", 2, "q"), message("next", 3)];
  const view = { messages, running: [running("q")] };
  expect(keys(view, [], NOW)).toEqual(["q", "answers q", "next"]);
  expect(groups(view, [], NOW)).toEqual([["old", "new"]]);
});

test("answers to a question that has not been read yet are shown where the first one stands, once", () => {
  const messages = [message("other", 7), answer("a", 8, "q"), message("third", 9), answer("b", 10, "q")];
  const items = timeline({ messages, running: [] }, [], NOW);
  expect(items.map(({ key }) => key)).toEqual(["other", "answers q", "third"]);
  expect(items[1]).toMatchObject({ question: null, versions: [{ message: { id: "a" } }, { message: { id: "b" } }] });
  expect(keys({ messages: [message("other", 7)], running: [running("q")] }, [], NOW)).toEqual(["other", "answers q"]);
});

test("a question knows its answers, so that they can be deleted with it", () => {
  const messages = [message("q", 1), answer("a", 2, "q"), answer("b", 3, "q", { deletedAt: "2025-01-01T00:00:00Z" })];
  expect(timeline({ messages, running: [] }, [], NOW)[0]).toMatchObject({ answers: [{ id: "a" }] });
});

test("a message is shown once, also when its acknowledgement is still under way", () => {
  const sent = { conversationId: "c", content: "Hi", state: "sending", attempts: 0, problem: null, createdAt: "" } as const;
  const outgoing = [{ ...sent, clientId: "q" }, { ...sent, clientId: "next" }];
  expect(keys({ messages: [message("q", 1)], running: [] }, outgoing, NOW)).toEqual(["q", "next"]);
});

test("a fresh question waits for its answer", () => {
  const fresh = message("q", 1, { generationId: "g", createdAt: "2026-01-01T00:00:00Z" });
  expect(keys({ messages: [fresh, message("next", 2)], running: [] }, [], NOW)).toEqual(["q", "queued q", "next"]);
  expect(keys({ messages: [fresh], running: [running("q")] }, [], NOW)).toEqual(["q", "answers q"]);
});

test("what has not changed is the same item again, so that it need not be drawn", () => {
  const messages = [message("q", 1), answer("a", 2, "q"), message("r", 3), answer("b", 4, "r")];
  const before = timeline({ messages, running: [] }, [], NOW);
  const more = timeline({ messages: [...messages, answer("c", 5, "r")], running: [] }, [], NOW);
  const after = reused(more, before);
  expect(after.map((item) => before.includes(item))).toEqual([true, true, false, false]);
  const edited = timeline({ messages: [message("q", 1, { rev: 5, content: "Other" }), ...messages.slice(1)], running: [] }, [], NOW);
  expect(reused(edited, before).map((item) => before.includes(item))).toEqual([false, false, true, true]);
});

test("what is being written, and sent, is not shown at the end of an excerpt", () => {
  const view = { messages: [message("q", 1)], running: [running("elsewhere")] };
  const entry = { conversationId: "c", clientId: "o", content: "Hello" } as Parameters<typeof timeline>[1][number];
  expect(keys({ ...view, after: 10 }, [entry], NOW)).toEqual(["q"]);
  expect(keys(view, [entry], NOW)).toEqual(["q", "answers elsewhere", "o"]);
});
