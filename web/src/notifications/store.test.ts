import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Notification } from "../realtime/types";
import { answer, asked, connect, emit } from "../realtime/stand-in";

vi.mock("../http/client", () => import("../realtime/stand-in"));
vi.mock("../realtime/socket", () => import("../realtime/stand-in"));

const { followNotifications, markAllRead, notifications, unread } = await import("./store");

const LIST = "GET /api/notifications";
const about = { kind: "addedToNotebook", notebookId: "n", title: "Cells", by: "Ada" } as const;
const notification = (id: string, readAt: string | null = null): Notification => ({ id, createdAt: "", readAt, about });
const list = (...all: Notification[]) => answer(LIST, { notifications: all });

let unfollow = () => undefined as void;

beforeEach(async () => {
  unfollow = followNotifications((error) => expect.fail(String(error)));
  connect();
  await asked();
});

afterEach(async () => {
  unfollow();
  expect(await asked()).toEqual([]);
});

test("what comes while the list is read is not lost", async () => {
  emit("notification:new", { notification: notification("1") });
  expect(unread.value).toBe(1);
  await list();
  expect(unread.value).toBe(1);
  await list(notification("1"));
  expect(notifications.value).toEqual([notification("1")]);
});

test("what was marked as read stays so, whenever the list is read", async () => {
  await list(notification("1"));
  connect();
  await asked();
  const marking = markAllRead();
  expect(unread.value).toBe(0);
  await list(notification("1"));
  expect(unread.value).toBe(0);
  await answer("POST /api/notifications/read", undefined);
  await list(notification("1"));
  await list(notification("1", "2026-01-01T00:00:00Z"));
  await marking;
  expect(unread.value).toBe(0);
});
