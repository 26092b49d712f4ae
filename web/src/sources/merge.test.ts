import { expect, test } from "vitest";
import type { IngestState, Source } from "../realtime/types";
import { merge, replace } from "./merge";
import { progressOf } from "./progress";

function source(id: string, updatedAt: string, version = 1): Source {
  return {
    id, notebookId: "n", name: id, origin: { kind: "upload" }, createdBy: "u", createdAt: `2026-01-01T00:00:0${id}Z`, readyVersion: null,
    latest: { version, format: "pdf", size: 1, state: { step: "queued" }, pageCount: null, chunkCount: null, createdAt: "", updatedAt },
  };
}

test("a state that was overtaken does not come back", () => {
  const known = [source("1", "2026-01-01T00:00:05.5Z")];
  expect(merge(known, source("1", "2026-01-01T00:00:05.25Z"))).toEqual(known);
  expect(merge(known, source("1", "2026-01-01T00:00:06Z"))[0]?.latest.updatedAt).toBe("2026-01-01T00:00:06Z");
});

test("a new version counts, whatever the clocks say", () => {
  const merged = merge([source("1", "2026-01-01T00:00:05Z")], source("1", "2026-01-01T00:00:01Z", 2));
  expect(merged[0]?.latest.version).toBe(2);
});

test("sources stand in the order in which they were added", () => {
  expect(merge([source("1", ""), source("3", "")], source("2", "")).map(({ id }) => id)).toEqual(["1", "2", "3"]);
});

test("the order is the same however the list has come, and however many digits its times have", () => {
  const all = ["37.82", "37.824", "37"].map((seconds) => ({ ...source("1", ""), id: seconds, createdAt: `2026-01-01T00:00:${seconds}Z` }));
  const order = ["37", "37.82", "37.824"];
  expect(all.reduce<Source[]>(merge, []).map(({ id }) => id)).toEqual(order);
  expect(replace([], all).map(({ id }) => id)).toEqual(order);
});

test("the bar grows from step to step", () => {
  const steps: IngestState[] = [
    { step: "extract" }, { step: "chunk" }, { step: "embed", done: 0, total: 10 }, { step: "embed", done: 10, total: 10 },
  ];
  const shares = steps.map((state) => progressOf(state)?.share ?? -1);
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  expect(shares.at(-1)).toBe(1);
  expect(progressOf({ step: "ready" })).toBeNull();
});
