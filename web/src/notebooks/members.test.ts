import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { answer, asked, connect, emit } from "../realtime/stand-in";
import type { Members } from "./members";

vi.mock("../http/client", () => import("../realtime/stand-in"));
vi.mock("../realtime/socket", () => import("../realtime/stand-in"));

const { followMembers, invite, members } = await import("./members");

vi.stubGlobal("location", { origin: "https://collabry.test" });

const LIST = "GET /api/notebooks/n/members";
const read = (...present: string[]): Members => ({ members: [], invitations: [], present });
const invited = (email: string): Members => ({ ...read(), invitations: [{ id: "i", email, notebookId: "n", role: "viewer", invitedBy: "o", createdAt: "", expiresAt: null }] });

let unfollow = () => undefined as void;

beforeEach(async () => {
  unfollow = followMembers("n", (error) => expect.fail(String(error)));
  await asked();
});

afterEach(async () => {
  unfollow();
  expect(await asked()).toEqual([]);
});

test("who comes or goes while the members are read has come or gone", async () => {
  emit("presence:update", { notebookId: "n", userIds: ["ada"] });
  emit("presence:update", { notebookId: "other", userIds: [] });
  await answer(LIST, read());
  expect(members.value?.present).toEqual(["ada"]);

  connect();
  await asked();
  emit("presence:update", { notebookId: "n", userIds: ["ada", "bob"] });
  await answer(LIST, read("ada"));
  expect(members.value?.present).toEqual(["ada", "bob"]);

  // Another connection, which has told nothing yet.
  connect();
  await answer(LIST, read("bob"));
  expect(members.value?.present).toEqual(["bob"]);
});

test("an invitation is on the list once it is said to be done", async () => {
  const inviting = invite("n", "carol@example.org", "viewer");
  await answer("POST /api/notebooks/n/members", { code: "7QK3M9ZT2A" });
  await answer(LIST, read());
  let shown: Members | null = null;
  const done = inviting.then(() => (shown = members.value));
  await asked();
  expect(shown).toBeNull();
  await answer(LIST, invited("carol@example.org"));
  await done;
  expect(shown).toEqual(invited("carol@example.org"));
});

test("a notebook that was left is not shown in place of the next", async () => {
  unfollow();
  unfollow = followMembers("next", (error) => expect.fail(String(error)));
  await answer("GET /api/notebooks/next/members", read("bob"));
  await answer(LIST, read("ada"));
  expect(members.value?.present).toEqual(["bob"]);
});
