import { beforeEach, expect, test } from "vitest";
import { Reader } from "./reader";

type Answer = { resolve(answer: string): void; reject(reason: unknown): void };

let asked: Answer[] = [];
let taken: string[] = [];
let reader: Reader<string>;

beforeEach(() => {
  asked = [];
  taken = [];
  reader = new Reader(
    () => new Promise((resolve, reject) => asked.push({ resolve, reject })),
    (answer) => taken.push(answer),
  );
});

/** Everything that can happen without another answer has happened. */
const quiet = () => new Promise((resolve) => setImmediate(resolve));

async function answer(text: string): Promise<void> {
  asked.at(-1)?.resolve(text);
  await quiet();
}

async function fail(reason: string): Promise<void> {
  asked.at(-1)?.reject(new Error(reason));
  await quiet();
}

test("several calls in one go are one read", async () => {
  const both = [reader.read(), reader.read()];
  await quiet();
  await answer("a");
  await Promise.all(both);
  expect(asked.length).toBe(1);
  expect(taken).toEqual(["a"]);
});

test("an answer that a change has overtaken is not taken, but read again", async () => {
  const reading = reader.read();
  await quiet();
  reader.touched();
  await answer("before the change");
  expect(taken).toEqual([]);
  await answer("after it");
  await reading;
  expect(taken).toEqual(["after it"]);
  expect(asked.length).toBe(2);
});

test("a change between reads costs none", async () => {
  reader.touched();
  void reader.read();
  await quiet();
  await answer("a");
  reader.touched();
  await quiet();
  expect(taken).toEqual(["a"]);
  expect(asked.length).toBe(1);
});

test("whoever asks while a read is under way waits for one that began later", async () => {
  void reader.read();
  await quiet();
  let over = false;
  const second = reader.read().then(() => (over = true));
  await quiet();
  expect(asked.length).toBe(1);
  await answer("before the call");
  expect([taken, over]).toEqual([[], false]);
  await answer("after it");
  await second;
  expect(taken).toEqual(["after it"]);
});

test("what changes all the time is shown after some rounds, and whoever asked still gets an answer of their own", async () => {
  void reader.read();
  await quiet();
  for (const text of ["1", "2"]) {
    reader.touched();
    await answer(text);
  }
  expect(taken).toEqual([]);
  const asking = reader.read();
  await answer("3");
  expect(taken).toEqual(["3"]);
  reader.touched();
  await answer("4");
  await asking;
  expect(taken).toEqual(["3", "4"]);
  expect(asked.length).toBe(4);
});

test("a read that fails says so, unless somebody has asked again meanwhile", async () => {
  const failing = expect(reader.read()).rejects.toThrow("offline");
  await quiet();
  await fail("offline");
  await failing;

  const reading = reader.read();
  await quiet();
  const again = reader.read();
  await fail("offline");
  await answer("back");
  await Promise.all([reading, again]);
  expect(taken).toEqual(["back"]);
});

test("a call that an answer gives rise to is not lost", async () => {
  const follower = new Reader(
    () => new Promise<string>((resolve, reject) => asked.push({ resolve, reject })),
    (text) => {
      taken.push(text);
      if (text === "first") void follower.read();
    },
  );
  void follower.read();
  await quiet();
  await answer("first");
  await answer("second");
  expect(taken).toEqual(["first", "second"]);
});

test("once disposed it takes nothing, asks nothing, and keeps nobody waiting", async () => {
  const late = reader.read();
  await quiet();
  reader.dispose();
  await answer("late");
  await Promise.all([late, reader.read()]);
  expect(taken).toEqual([]);
  expect(asked.length).toBe(1);
});

test("a read that nobody wants any more fails in silence", async () => {
  const late = reader.read();
  await quiet();
  reader.dispose();
  await fail("offline");
  await late;
});
