// kill -9 of an ai-engine in the middle of answers and of an ingestion.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { Cluster } from "../cluster/cluster.js";
import { Crowd } from "../cluster/crowd.js";
import { handbook } from "../support/documents.js";
import { Provider } from "../support/provider.js";
import { Live } from "../support/socket.js";
import { textOfSource } from "../support/sources.js";
import { until } from "../support/wait.js";

/** What is promised to users. */
const END_WITHIN_MS = 10_000;
const ANSWERS = 5;
const SECTIONS = 150;

const provider = await Provider.start({ after });
const settings = { ...provider.settings, COLLABRY_DEFAULT_MODEL: "openai/scripted" };
const cluster = await Cluster.start({ after }, { settings });
const [one, two] = cluster.engines;

/** Everything that begins now is the first engine's; the second is there when it dies. */
async function alone() {
  await two.stop();
  return async () => {
    await two.start();
    await one.kill();
  };
}

test.afterEach(async () => {
  for (const engine of cluster.engines) if (!engine.alive) await engine.start();
});

test("in the middle of answers: they end within ten seconds, with the text so far", async (t) => {
  const crowd = new Crowd(t, cluster);
  const [room] = await crowd.rooms(1);
  const [asker] = await crowd.enter(room, 1, { watch: true });
  const kill = await alone();
  await provider.script(...Array(ANSWERS).fill({ tokens: 100_000, between: 30 }));
  const generations = [];
  for (let n = 1; n <= ANSWERS; n += 1) generations.push((await asker.send(`Question ${n}`, { ask: true })).generationId);
  const streams = generations.map((generation) => crowd.stream(asker, generation));
  const texts = () => crowd.recording.watchers.map(({ entries }) => entries.filter(({ event }) => event.kind === "delta").length);
  await until("every view of every answer has text", () => texts().length === 2 * ANSWERS && texts().every((count) => count > 20));

  await kill();
  const died = performance.now();
  await Promise.all(streams.map((stream) => stream.whole()));
  const took = performance.now() - died;
  t.diagnostic(`all ended ${Math.round(took)} ms after the engine`);
  assert.ok(took < END_WITHIN_MS, `${took} ms`);

  await crowd.assertConsistent();
  const { messages } = await crowd.stored();
  for (const generation of generations) {
    const answer = messages[room.conversation].find((message) => message.generationId === generation && message.author.kind === "assistant");
    assert.equal(answer.status, "interrupted");
    assert.notEqual(answer.content, "");
  }
});

test("before the first word: the answer is begun again by the other engine", async (t) => {
  const crowd = new Crowd(t, cluster);
  const [room] = await crowd.rooms(1);
  const [asker] = await crowd.enter(room, 1, { watch: true });
  const kill = await alone();
  await provider.script({ tokens: 5, first: 3_600_000 }, { text: "Here you are." });
  const before = (await provider.chats()).length;
  const question = await asker.send("Question", { ask: true });
  const stream = crowd.stream(asker, question.generationId);
  await until("the model is asked", async () => (await provider.chats()).length > before);
  await kill();
  await stream.whole();
  await crowd.assertConsistent();
  const answer = await room.accounts[0].answer(room.conversation, question.id);
  assert.deepEqual([answer.content, answer.status], ["Here you are.", "complete"]);
});

const MOMENTS = {
  "while a source is read": (state) => state.step === "extract",
  "with a part of its chunks stored": (state) => state.step === "embed" && state.done > 0 && state.done < state.total,
};

for (const [when, isNow] of Object.entries(MOMENTS)) {
  test(`${when}: the other engine finishes it, and no chunk is there twice`, async (t) => {
    const ada = await cluster.account("Ada");
    const notebook = await ada.notebook();
    const live = await Live.connect(t, ada);
    const kill = await alone();
    const source = await ada.upload(notebook, "handbook.md", handbook(SECTIONS));
    const ours = (payload) => payload.source.id === source.id;
    await live.next("source:status", (payload) => ours(payload) && isNow(payload.source.latest.state));
    await kill();
    assert.ok(live.all("source:status").filter(ours).every((payload) => payload.source.latest.state.step !== "ready"));

    await ada.ready(source.id);
    const text = await textOfSource(ada, source.id);
    const starts = new Set();
    for (let n = 1; n <= SECTIONS; n += 1) assert.equal(text.split(`marker${n} `).length - 1, 1, `section ${n} is there once`);
    for (let n = 1; n <= SECTIONS; n += 15) {
      const { hits } = await ada.post(`/api/notebooks/${notebook}/search`, { query: `marker${n}`, limit: 20 });
      assert.ok(hits.some((hit) => hit.text.includes(`marker${n} `)), `section ${n} is found`);
      assert.equal(new Set(hits.map((hit) => hit.start)).size, hits.length, "no chunk twice");
      for (const hit of hits) starts.add(hit.start);
    }
    assert.ok(starts.size > 0);
  });
}
