// The database goes away for ten seconds: its connections break and are refused, or it just says nothing.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { after, test } from "node:test";

import { Cluster } from "../cluster/cluster.js";
import { chat, Crowd } from "../cluster/crowd.js";
import { Mongo } from "../cluster/stores.js";
import { Gate } from "../support/gate.js";
import { freePort } from "../support/ports.js";
import { Provider } from "../support/provider.js";
import { folder } from "../support/proxy.js";
import { until } from "../support/wait.js";

const OUTAGE_MS = 10_000;
/** `COLLABRY_MONGODB_TIMEOUT_SECS`, with room for what comes before and after it in a request. */
const DEADLINE_MS = 12_000;
const SOCKETS = 12;
const CLEAR = ["busy", "unavailable", "storage_unavailable", "database_unavailable"];

const scope = { after };
const port = await freePort();
const mongodb = await Mongo.prepare(await folder(scope), port);
after(() => mongodb.destroy());
await mongodb.start();
const gate = await Gate.open(scope, port);
const provider = await Provider.start(scope);
const cluster = await Cluster.start(scope, { mongodb: `mongodb://127.0.0.1:${gate.port}/collabry`, settings: provider.settings });

const WAYS = {
  "its connections are refused": { away: () => gate.shut(), back: () => gate.open() },
  "it says nothing": { away: () => mongodb.pause(), back: () => mongodb.resume() },
};

/** Asks again and again; what each request came to. */
async function requests(account, over) {
  const answers = [];
  while (!over()) {
    const begun = performance.now();
    const answer = await fetch(`${account.url}/api/notebooks`, { headers: { authorization: `Bearer ${account.token}` } });
    const body = await answer.json();
    answers.push({ status: answer.status, code: body.code, ms: performance.now() - begun });
    await sleep(100);
  }
  return answers;
}

for (const [how, { away, back }] of Object.entries(WAYS)) {
  test(`for ten seconds ${how}`, async (t) => {
    const crowd = new Crowd(t, cluster);
    const [room] = await crowd.rooms(1);
    const members = await crowd.enter(room, SOCKETS, { watch: true });
    const count = () => crowd.recording.acked.length;
    const sends = async (n) => {
      const from = count();
      await until(`${n} more are acknowledged`, () => count() >= from + n);
    };
    let over = false;
    const talk = chat(members, 10_000, () => over);
    const asking = requests(room.accounts[0], () => over);
    await sends(2 * SOCKETS);
    // Longer than the outage: what is written goes on, and who watches it is not sent away.
    const question = await members[0].send("Tell me everything", { ask: true, model: "openai/scripted:tokens=250,between=60" });
    const stream = crowd.stream(members[1], question.generationId);
    crowd.insist(members[2], question.generationId);
    await until("the answer streams", () => crowd.events > 10 * SOCKETS);
    await away();
    await sleep(OUTAGE_MS);
    await back();
    await sends(5 * SOCKETS);
    over = true;
    await talk;
    const answers = await asking;

    const failed = answers.filter(({ status }) => status !== 200);
    const refusals = members.flatMap((member) => member.refusals);
    t.diagnostic(`${failed.length} of ${answers.length} requests failed, the slowest answer took ${Math.round(Math.max(...answers.map(({ ms }) => ms)))} ms`);
    for (const { status, code, ms } of answers) {
      assert.ok(status === 200 || (status === 503 && CLEAR.includes(code)), `${status} ${code}`);
      assert.ok(ms < DEADLINE_MS, `${ms} ms`);
    }
    for (const { code } of refusals) assert.ok(CLEAR.includes(code), code);
    assert.equal(answers.at(-1)?.status, 200, "it recovered by itself");
    await crowd.assertConsistent();
    assert.equal(stream.connections, 1, "the stream was held");
  });
}
