// What a server spends on a piece of an answer that it passes on, and how soon the first one is there.

import { timesOf } from "../../e2e/support/memory.js";

const STREAMS = 50;
const ANSWER = { tokens: 100, between: 100 };
const DELTA = "event: delta";

/** @param {import("./ours.js").Ours | import("./peer.js").Peer} side */
export async function streams(side) {
  const pids = { api: side.replicas[0].pid, ...side.others };
  await round(side, STREAMS);
  const before = await spent(pids);
  const answers = await round(side, STREAMS);
  const after = await spent(pids);
  const pieces = answers.reduce((sum, { pieces }) => sum + pieces, 0);
  const first = answers.map(({ first }) => first).sort((a, b) => a - b);
  const per = (names, where) => {
    const spent = names.flatMap((name) => where.map((one) => after[name][one] - before[name][one]));
    return { value: (1000 * spent.reduce((sum, ms) => sum + ms, 0)) / pieces, unit: "µs" };
  };
  const both = ["user", "system"];
  return {
    "relayed chunk, CPU of the api": per(["api"], both),
    "of it in the kernel": per(["api"], ["system"]),
    "relayed chunk, CPU of all its processes": per(Object.keys(pids), both),
    "chunks of an answer of 100 tokens": { value: pieces / STREAMS, unit: "" },
    "first chunk at 50 streams, p50": { value: first[Math.ceil(0.5 * STREAMS) - 1], unit: "ms" },
    "first chunk at 50 streams, p99": { value: first[Math.ceil(0.99 * STREAMS) - 1], unit: "ms" },
  };
}

async function spent(pids) {
  return Object.fromEntries(await Promise.all(Object.entries(pids).map(async ([name, pid]) => [name, await timesOf(pid)])));
}

/** So many answers at once, each from the question on. */
async function round(side, count) {
  await side.provider.script(...Array(count).fill(ANSWER));
  return Promise.all(Array.from({ length: count }, async () => {
    const asked = performance.now();
    const answer = await side.stream();
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    let first;
    let pieces = 0;
    let rest = "";
    for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split(DELTA);
      // The word may be cut in two.
      rest = parts.at(-1)?.slice(-DELTA.length) ?? "";
      pieces += parts.length - 1;
      if (pieces > 0) first ??= performance.now() - asked;
    }
    if (first === undefined) throw new Error("a stream without a chunk");
    return { first, pieces };
  }));
}
