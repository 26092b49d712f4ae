// What a server spends on a piece of an answer that it passes on, and how soon the first one is there.

import { timesOf } from "../../e2e/support/memory.js";
import { until } from "../../e2e/support/wait.js";

const STREAMS = 50;
const ANSWER = { tokens: 150, between: 100 };
/** Pieces of each answer: counted is what passes from when all have so many until one has so many. In between nobody asks
 * anything and nothing ends. */
const [FROM, UNTIL] = [20, 120];
const DELTA = "event: delta";

/** @param {import("./ours.js").Ours | import("./peer.js").Peer} side */
export async function streams(side) {
  const pids = { api: side.replicas[0].pid, ...side.others };
  await Promise.all((await ask(side)).map(({ over }) => over));
  const answers = await ask(side);
  const count = async () => ({ pieces: answers.reduce((sum, { pieces }) => sum + pieces, 0), spent: await spent(pids) });
  await until("all answers are under way", () => answers.every(({ pieces }) => pieces >= FROM));
  const before = await count();
  await until("one answer is nearly over", () => answers.some(({ pieces }) => pieces >= UNTIL));
  const after = await count();
  await Promise.all(answers.map(({ over }) => over));
  const first = answers.map(({ first }) => first).sort((a, b) => a - b);
  const per = (names, where) => {
    const each = names.flatMap((name) => where.map((one) => after.spent[name][one] - before.spent[name][one]));
    return { value: (1000 * each.reduce((sum, ms) => sum + ms, 0)) / (after.pieces - before.pieces), unit: "µs" };
  };
  const both = ["user", "system"];
  return {
    "relayed chunk, CPU of the api": per(["api"], both),
    "of it in the kernel": per(["api"], ["system"]),
    "relayed chunk, CPU of all its processes": per(Object.keys(pids), both),
    "chunks of an answer of 150 tokens": { value: answers.reduce((sum, { pieces }) => sum + pieces, 0) / STREAMS, unit: "" },
    "first chunk at 50 streams, p50": { value: first[Math.ceil(0.5 * STREAMS) - 1], unit: "ms" },
    "first chunk at 50 streams, p99": { value: first[Math.ceil(0.99 * STREAMS) - 1], unit: "ms" },
  };
}

async function spent(pids) {
  return Object.fromEntries(await Promise.all(Object.entries(pids).map(async ([name, pid]) => [name, await timesOf(pid)])));
}

/** Asks for so many answers at once, and says of each how many pieces came and how long the first took in ms. */
async function ask(side) {
  await side.provider.script(...Array(STREAMS).fill(ANSWER));
  return Array.from({ length: STREAMS }, () => {
    const answer = { pieces: 0, first: 0, over: Promise.resolve() };
    answer.over = read(side, answer);
    // Whoever waits for something else meanwhile hears of it at the end.
    answer.over.catch(() => {});
    return answer;
  });
}

async function read(side, answer) {
  const asked = performance.now();
  const stream = await side.stream();
  if (!stream.ok) throw new Error(`${stream.status} ${await stream.text()}`);
  let rest = "";
  for await (const text of stream.body.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split(DELTA);
    // The word may be cut in two.
    rest = parts.at(-1)?.slice(-DELTA.length) ?? "";
    answer.pieces += parts.length - 1;
    if (answer.pieces > 0) answer.first ||= performance.now() - asked;
  }
  if (answer.pieces === 0) throw new Error("a stream without a chunk");
}
