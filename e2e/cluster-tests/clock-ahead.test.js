// Machines whose clocks are wrong: every answer is whole all the same, and each process says how wrong its clock is.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { restartWithClock } from "../cluster/clock.js";
import { Cluster } from "../cluster/cluster.js";
import { chat, Crowd } from "../cluster/crowd.js";
import { Provider } from "../support/provider.js";
import { until } from "../support/wait.js";

/** More than a lease is long. */
const WRONG_SECS = 12;
const MEMBERS = 4;

const scope = { after };
const provider = await Provider.start(scope);
const cluster = await Cluster.start(scope, { apis: 2, engines: 2, settings: provider.settings });

/** How far from the common clock a process thinks it is, in seconds. */
async function offset(part) {
  const text = await fetch(`http://${part.inside}/metrics`).then((answer) => answer.text());
  return Number(/^collabry_clock_offset_seconds(?:\{.*\})? (\S+)$/m.exec(text)?.[1]);
}

for (const [how, seconds] of Object.entries({ ahead: WRONG_SECS, behind: -WRONG_SECS })) {
  test(`an api and an engine whose clocks are ${WRONG_SECS} seconds ${how}`, async (t) => {
    await restartWithClock(cluster.apis[0], seconds);
    await restartWithClock(cluster.engines[0], seconds);
    for (const part of [cluster.apis[0], cluster.engines[0]]) {
      await until(`${part.name} says how wrong its clock is`, async () => Math.abs((await offset(part)) - seconds) < 2);
    }
    const crowd = new Crowd(t, cluster);
    const [room] = await crowd.rooms(1);
    const members = await crowd.enter(room, MEMBERS, { watch: true });
    let over = false;
    const talk = chat(members, 1_000, () => over);
    // Longer than a lease, on both engines.
    const questions = [];
    for (const member of members) {
      questions.push(await member.send("Tell me everything", { ask: true, model: "openai/scripted:tokens=200,between=60" }));
    }
    for (const { generationId } of questions) {
      await until("the answer is over", async () => {
        const { state } = await room.accounts[0].get(`/api/ai/generations/${generationId}`);
        if (["queued", "running"].includes(state)) return false;
        assert.equal(state, "done", "nobody took it for abandoned");
        return true;
      }, 120_000);
    }
    over = true;
    await talk;
    await crowd.assertConsistent();
  });
}
