import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { answer, asked, connect, emit } from "../realtime/stand-in";
import type { Source } from "../realtime/types";

vi.mock("../http/client", () => import("../realtime/stand-in"));
vi.mock("../realtime/socket", () => import("../realtime/stand-in"));

const { followSources, forgetSources, keep, sources } = await import("./store");

const LIST = "GET /api/notebooks/n/sources";

function source(id: string, second = 0, notebookId = "n"): Source {
  const updatedAt = `2026-01-01T00:00:0${second}Z`;
  const latest = { version: 1, format: "pdf", size: 1, state: { step: "queued" }, pageCount: null, chunkCount: null, createdAt: "", updatedAt } as const;
  return { id, notebookId, name: id, origin: { kind: "upload" }, createdBy: "u", createdAt: id, latest, readyVersion: null };
}

const list = (...all: Source[]) => answer(LIST, { sources: all });
const shown = () => sources.value?.map(({ id, latest }) => [id, latest.updatedAt.at(-2)]);

let unfollow = () => undefined as void;

beforeEach(async () => {
  forgetSources();
  unfollow = followSources("n", (error) => expect.fail(String(error)));
  await asked();
});

afterEach(async () => {
  unfollow();
  expect(await asked()).toEqual([]);
});

test("a source that is added before the first list has come is on it", async () => {
  emit("source:status", { source: source("a") });
  expect(sources.value).toBeNull();
  await list();
  await list(source("a"));
  expect(shown()).toEqual([["a", "0"]]);
});

test("a source that is added or deleted while the list is read stays so", async () => {
  await list(source("a"));
  connect();
  await asked();
  emit("source:status", { source: source("b") });
  emit("source:deleted", { notebookId: "n", sourceId: "a" });
  await list(source("a"));
  expect(shown()).toEqual([["b", "0"]]);
  await list(source("b"));
  expect(shown()).toEqual([["b", "0"]]);
});

test("a list takes no source back to an earlier state, and is not read again for it", async () => {
  await list(source("a"));
  connect();
  await asked();
  emit("source:status", { source: source("a", 5) });
  emit("source:status", { source: source("a", 5, "other") });
  await list(source("a", 2));
  expect(shown()).toEqual([["a", "5"]]);
});

test("what was uploaded into another notebook is not on the list of this one", async () => {
  await list(source("a"));
  keep(source("b", 0, "other"));
  expect(shown()).toEqual([["a", "0"]]);
});
