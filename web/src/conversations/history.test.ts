import { expect, test } from "vitest";
import type { Message } from "../realtime/types";
import { positionAt, type ReadHistory, stretchFrom } from "./history";

const DAY = 24 * 60 * 60_000;

/** A server's history: the message at a position was written on that day. `most`: what fits into a page. */
function history(positions: readonly number[], most = Infinity): { read: ReadHistory; reads: () => number } {
  let reads = 0;
  const read: ReadHistory = async (before, limit) => {
    reads += 1;
    const older = positions.filter((position) => position < before);
    const page = older.slice(-Math.min(limit, most));
    const messages = page.map((position) => ({ position, createdAt: new Date(position * DAY).toISOString() }) as Message);
    return { messages, complete: page.length === older.length, nextBefore: page.length < older.length ? (page[0] ?? null) : null };
  };
  return { read, reads: () => reads };
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

async function stretch(read: ReadHistory, from: number, end: number) {
  const { messages, to } = await stretchFrom(read, from, end);
  return [messages.map(({ position }) => position), to];
}

test("a stretch is a page of messages from a position on", async () => {
  const { read, reads } = history(upTo(500));
  expect(await stretch(read, 101, 450)).toEqual([upTo(150).slice(100), 150]);
  expect(reads()).toBe(1);
  expect(await stretch(read, 441, 450)).toEqual([upTo(449).slice(440), 449]);
});

test("a stretch has no holes where long messages make pages short", async () => {
  expect(await stretch(history(upTo(500), 7).read, 1, 450)).toEqual([upTo(50), 50]);
});

test("positions at which there were only changes are passed over", async () => {
  const { read } = history([1, 2, 900, 901]);
  expect(await stretch(read, 3, 901)).toEqual([[900], 900]);
  expect(await stretch(read, 3, 900)).toEqual([[], 899]);
});

test("the first message of a time is found in a few reads", async () => {
  const sparse = upTo(9_999).filter((position) => position % 7 === 0);
  for (const [positions, end] of [[upTo(9_999), 9_000], [sparse, 9_002]] as const) {
    for (const day of [0, 1, 7, 50, 51, 4_321, end - 1, end, end + 5]) {
      const { read, reads } = history(positions);
      const first = positions.find((position) => position >= day && position < end) ?? end;
      expect(await positionAt(read, day * DAY, end)).toBe(first);
      expect(reads()).toBeLessThan(12);
    }
  }
  expect(await positionAt(history([]).read, 0, 0)).toBe(0);
});

test("of a day without messages the next one is found", async () => {
  expect(await positionAt(history([1, 2, 400, 401]).read, 100 * DAY, 401)).toBe(400);
});
