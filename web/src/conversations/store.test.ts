import { beforeEach, expect, test, vi } from "vitest";
import type { Conversation, ServerEvents } from "../realtime/types";

/** What the server lists, and how it is told to the page. */
const server = vi.hoisted(() => ({
  list: Promise.resolve({ conversations: [] as object[] }),
  say: new Map<string, (payload: never) => void>(),
  connected: () => undefined as unknown,
}));

vi.mock("../http/client", () => ({ api: () => server.list }));
vi.mock("../realtime/socket", () => ({
  on: (name: string, handler: (payload: never) => void) => {
    server.say.set(name, handler);
    return () => server.say.delete(name);
  },
  onConnected: (handler: () => void) => {
    server.connected = handler;
    return () => undefined;
  },
}));

const kept = new Map<string, string>();
vi.stubGlobal("localStorage", {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => kept.set(key, value),
});
vi.stubGlobal("document", { addEventListener: () => undefined, removeEventListener: () => undefined });
const storage = vi.hoisted(() => ({ changed: () => undefined as unknown }));
vi.stubGlobal("addEventListener", (_: string, handler: () => void) => {
  storage.changed = handler;
});

const { conversations, followConversations, grown, markSeen, seen } = await import("./store");
const { isUnread } = await import("./merge");

const conversation = (id: string, head: number, title: string | null = null): Conversation => {
  return { id, notebookId: "n", title, model: null, createdBy: "u", createdAt: `2026-01-0${id}T00:00:00Z`, head };
};

const say = <Name extends keyof ServerEvents>(name: Name, payload: ServerEvents[Name]) => server.say.get(name)?.(payload as never);
const activity = (conversationId: string, head: number) => say("conversation:activity", { notebookId: "n", conversationId, head });
const unread = () => conversations.value?.filter((one) => isUnread(one, seen.value)).map(({ id }) => id);

let unfollow = () => undefined as void;

beforeEach(async () => {
  unfollow();
  markSeen("1", 3);
  markSeen("2", 5);
  server.list = Promise.resolve({ conversations: [conversation("1", 3), conversation("2", 5)] });
  unfollow = followConversations("n", (error) => expect.fail(String(error)));
  await vi.waitFor(() => expect(conversations.value).not.toBeNull());
});

test("a message elsewhere makes its conversation unread, until it is seen", () => {
  expect(unread()).toEqual([]);
  activity("1", 4);
  expect(unread()).toEqual(["1"]);
  markSeen("1", 4);
  expect(unread()).toEqual([]);
});

test("what came below the part on the screen is unread once the conversation is left", () => {
  grown("2", 6);
  expect(unread()).toEqual(["2"]);
  markSeen("2", 6);
});

test("a list or a title that was overtaken by a message takes nothing back", async () => {
  let answer: (read: { conversations: object[] }) => void = () => undefined;
  server.list = new Promise((resolve) => (answer = resolve));
  server.connected();
  activity("1", 7);
  answer({ conversations: [conversation("1", 3, "Cells"), conversation("2", 5)] });
  await vi.waitFor(() => expect(conversations.value?.find(({ id }) => id === "1")?.title).toBe("Cells"));
  expect(unread()).toEqual(["1"]);
  say("conversation:updated", { conversation: conversation("1", 6, "Plant cells") });
  expect(conversations.value?.map(({ title, head }) => [title, head])).toEqual([[null, 5], ["Plant cells", 7]]);
  markSeen("1", 7);
});

test("what another tab has shown is seen here, too", () => {
  activity("2", 9);
  expect(unread()).toEqual(["2"]);
  kept.set("collabry.seen", JSON.stringify({ 1: 7, 2: 9 }));
  storage.changed();
  expect(unread()).toEqual([]);
});
