import { expect, test } from "vitest";
import { Problem } from "../http/problem";
import { AllPages } from "./all-pages";
import type { Page } from "../realtime/types";

function source(count: number, counted: boolean) {
  const asked: number[] = [];
  let fails = false;
  const read = async (number: number): Promise<Page> => {
    asked.push(number);
    if (fails || number > count) throw new Problem("rate_limited", "Too many requests. Try again in 2 seconds.", 429);
    return { sourceName: "s", version: 1, number, start: number * 10, text: `page ${number}`, pageCount: counted ? count : null, hasNext: number < count };
  };
  return { all: new AllPages(read), asked, fail: (yes: boolean) => (fails = yes) };
}

const numbers = ({ pages }: AllPages) => pages.value.map(({ number }) => number);

test.each([["counted", true], ["not counted", false]])("each page of a source is read once where they are %s", async (_, counted) => {
  const { all, asked } = source(10, counted);
  await all.goOn();
  expect(all.state.value).toBe("done");
  expect(numbers(all)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  await all.goOn();
  expect(asked).toHaveLength(10);
  expect(all.total).toBe(10);
});

test("a large source is read in steps", async () => {
  const { all, asked } = source(1_000, true);
  await all.goOn();
  expect(all.state.value).toBe("paused");
  expect(asked).toHaveLength(200);
  expect(all.total).toBe(1_000);
  await all.goOn();
  expect(numbers(all)).toHaveLength(400);
});

test("whoever stops looking lets the rest be, and can go on", async () => {
  const { all } = source(100, true);
  const reading = all.goOn();
  all.stop();
  await reading;
  expect(all.state.value).toBe("paused");
  await all.goOn();
  expect(numbers(all)).toHaveLength(100);
});

test("what was read is kept when the server refuses more, and read on from there", async () => {
  const { all, fail } = source(100, true);
  const reading = all.goOn();
  fail(true);
  await reading;
  expect(all.state.value).toEqual({ problem: "Too many requests. Try again in 2 seconds." });
  fail(false);
  await all.goOn();
  expect(all.state.value).toBe("done");
  expect(numbers(all)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
});
