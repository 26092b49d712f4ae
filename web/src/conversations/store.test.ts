import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { answer, asked, connect, emit } from "../realtime/stand-in";
import type { Conversation } from "../realtime/types";

vi.mock("../http/client", () => import("../realtime/stand-in"));
vi.mock("../realtime/socket", () => import("../realtime/stand-in"));

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

const { conversations, followConversations, forgetConversations, grown, markSeen, seen } = await import("./store");
const { isUnread } = await import("./merge");

const conversation = (id: string, head: number, title: string | null = null): Conversation => {
  return { id, notebookId: "n", title, model: null, createdBy: "u", createdAt: `2026-01-0${id}T00:00:00Z`, head };
};

const LIST = "GET /api/notebooks/n/conversations";
const list = (...all: Conversation[]) => answer(LIST, { conversations: all });
const activity = (conversationId: string, head: number) => emit("conversation:activity", { notebookId: "n", conversationId, head });
const unread = () => conversations.value?.filter((one) => isUnread(one, seen.value)).map(({ id }) => id);

let unfollow = () => undefined as void;

beforeEach(async () => {
  forgetConversations();
  markSeen("1", 3);
  markSeen("2", 5);
  unfollow = followConversations("n", (error) => expect.fail(String(error)));
  await list(conversation("1", 3), conversation("2", 5));
});

afterEach(async () => {
  unfollow();
  expect(await asked()).toEqual([]);
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
  connect();
  await asked();
  activity("1", 7);
  await list(conversation("1", 3, "Cells"), conversation("2", 5));
  expect(conversations.value?.find(({ id }) => id === "1")?.title).toBe("Cells");
  expect(unread()).toEqual(["1"]);
  emit("conversation:updated", { conversation: conversation("1", 6, "Plant cells") });
  // In whichever order: both may have come within a millisecond.
  expect(conversations.value).toHaveLength(2);
  expect(conversations.value).toEqual(expect.arrayContaining([["Plant cells", 7], [null, 5]].map(([title, head]) => expect.objectContaining({ title, head }))));
  markSeen("1", 7);
});

test("what is begun, renamed or deleted while the list is read stays so", async () => {
  connect();
  await asked();
  emit("conversation:updated", { conversation: conversation("3", 0) });
  emit("conversation:updated", { conversation: conversation("1", 3, "Cells") });
  emit("conversation:deleted", { notebookId: "n", conversationId: "2" });
  const now = [["1", "Cells"], ["3", null]];
  await list(conversation("1", 3), conversation("2", 5));
  expect(conversations.value?.map(({ id, title }) => [id, title])).toEqual(now);
  await list(conversation("1", 3, "Cells"), conversation("3", 0));
  expect(conversations.value?.map(({ id, title }) => [id, title])).toEqual(now);
});

test("a message that comes before the first list counts", async () => {
  unfollow();
  forgetConversations();
  unfollow = followConversations("n", (error) => expect.fail(String(error)));
  await asked();
  activity("1", 8);
  await list(conversation("1", 3), conversation("2", 5));
  expect(unread()).toEqual(["1"]);
  markSeen("1", 8);
});

test("what another tab has shown is seen here, too", () => {
  activity("2", 9);
  expect(unread()).toEqual(["2"]);
  kept.set("collabry.seen.", JSON.stringify({ 1: 7, 2: 9 }));
  storage.changed();
  expect(unread()).toEqual([]);
});

test("a notebook that is opened again shows what it showed before it was left", async () => {
  unfollow();
  expect(conversations.value).toBeNull();
  unfollow = followConversations("n", (error) => expect.fail(String(error)));
  expect(conversations.value?.map(({ id }) => id).toSorted()).toEqual(["1", "2"]);
  await list(conversation("1", 3), conversation("2", 5));
});

test("whoever comes for the first time has missed nothing, and does from then on", async () => {
  unfollow();
  forgetConversations();
  kept.clear();
  storage.changed();
  unfollow = followConversations("n", (error) => expect.fail(String(error)));
  await list(conversation("1", 30), conversation("2", 50));
  expect(unread()).toEqual([]);
  activity("2", 51);
  expect(unread()).toEqual(["2"]);
});
