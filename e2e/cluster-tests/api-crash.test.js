// kill -9 of an api replica while 200 sockets chat and 50 generations stream.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { Cluster } from "../cluster/cluster.js";
import { chat, Crowd } from "../cluster/crowd.js";
import { Provider } from "../support/provider.js";
import { until } from "../support/wait.js";

const ROOMS = 10;
const CHATTERS = 18;
const WATCHERS = 2;
const SPEAKERS = 4;
const EACH = 15;
const GENERATIONS = 50;
/** Seconds of streaming, so that the crash falls into it. */
const ANSWER = { tokens: 160, between: 60 };
const ENOUGH_ACKED = 150;
const ENOUGH_EVENTS = 500;

const provider = await Provider.start({ after });
const cluster = await Cluster.start({ after }, { settings: { ...provider.settings, COLLABRY_DEFAULT_MODEL: "openai/scripted" } });

test("an api replica dies: everyone gets everything once, in order, from the others", async (t) => {
  const crowd = new Crowd(t, cluster);
  const chats = await crowd.rooms(ROOMS);
  const answers = await crowd.rooms(ROOMS);
  const speakers = [];
  for (const room of chats) speakers.push(...(await crowd.enter(room, CHATTERS)).slice(0, SPEAKERS));
  const watchers = [];
  for (const room of answers) watchers.push(...(await crowd.enter(room, WATCHERS, { watch: true })));
  assert.equal(crowd.members.length, 200);

  await provider.script(...Array(GENERATIONS).fill(ANSWER));
  await Promise.all(Array.from({ length: GENERATIONS }, async (_, n) => {
    const asker = watchers[n % watchers.length];
    const question = await asker.send(`Question ${n}`, { ask: true });
    crowd.stream(asker, question.generationId);
    if (n % 5 === 0) crowd.insist(asker, question.generationId);
  }));
  await until("the answers stream", () => crowd.events > ENOUGH_EVENTS);
  const talk = chat(speakers, EACH);
  const before = crowd.recording.acked.length;
  await until("the chats go on", () => crowd.recording.acked.length > before + ENOUGH_ACKED);
  const open = crowd.recording.watchers.filter(({ entries }) => !entries.some(({ event }) => event.kind === "done"));
  await cluster.apis[0].kill();
  await talk;
  await cluster.apis[0].start();

  await crowd.assertConsistent();
  const moved = crowd.members.filter((member) => member.connections > 1).length;
  const resumed = crowd.streams.filter((stream) => stream.connections > 1).length;
  t.diagnostic(`${open.length} of ${crowd.recording.watchers.length} views of answers were open, ${moved} sockets and ${resumed} streams moved`);
  t.diagnostic(`${crowd.recording.acked.length} changes acknowledged, ${crowd.events} events of answers received`);
  assert.ok(moved > 0 && resumed > 0, "the replica had sockets and streams");
});
