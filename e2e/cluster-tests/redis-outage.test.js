// Redis goes away for ten seconds and comes back, with what it had or with nothing.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { after, test } from "node:test";

import { Cluster } from "../cluster/cluster.js";
import { chat, Crowd } from "../cluster/crowd.js";
import { Account } from "../support/account.js";
import { Provider } from "../support/provider.js";
import { until } from "../support/wait.js";

const OUTAGE_MS = 10_000;
const SOCKETS = 12;
/** Attempts with a wrong password that are let through, by the default. */
const SIGN_INS = 5;
const ATTEMPTS = 30;

const provider = await Provider.start({ after });
const cluster = await Cluster.start({ after }, {
  settings: { ...provider.settings, COLLABRY_DEFAULT_MODEL: "openai/scripted", COLLABRY_LIMIT_SIGN_IN: String(SIGN_INS) },
});

/** How many of many attempts to sign in are let through, and what the others are told. */
async function attempts(url, email) {
  const answers = await Promise.all(Array.from({ length: ATTEMPTS }, () => {
    return fetch(`${url}/api/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email, password: "wrong" }),
    });
  }));
  const statuses = answers.map((answer) => answer.status);
  return { admitted: statuses.filter((status) => status === 401).length, refused: statuses.filter((status) => status === 429).length };
}

const WAYS = {
  "back as it was": () => cluster.redis.stop(),
  "back empty": () => cluster.redis.lose(),
};

for (const [how, end] of Object.entries(WAYS)) {
  test(`stopped for ten seconds, ${how}`, async (t) => {
    const crowd = new Crowd(t, cluster);
    const [room] = await crowd.rooms(1);
    const members = await crowd.enter(room, SOCKETS, { urls: cluster.apis.map((api) => api.url), watch: true });
    await provider.script({ tokens: 350, between: 50 });
    const question = await members[0].send("Tell me everything", { ask: true });
    const stream = crowd.stream(members[1], question.generationId);
    const insistent = crowd.insist(members[2], question.generationId);
    await until("the answer streams to everyone", () => crowd.recording.watchers.length === SOCKETS + 2 && crowd.events > 20 * SOCKETS);
    const stranger = await Account.register(cluster.apis[0].url, `stranger-${how.length}@example.org`, "Stranger");

    let over = false;
    const talk = chat(members, 10_000, () => over);
    const count = () => crowd.recording.acked.length;
    const sends = async (n) => {
      const from = count();
      await until(`${n} more are acknowledged`, () => count() >= from + n);
    };
    await sends(SOCKETS);
    await end();
    const [before, died] = [count(), performance.now()];
    await sends(5 * SOCKETS);
    const limited = await attempts(cluster.apis[0].url, stranger.user.email);
    await sleep(Math.max(0, OUTAGE_MS - (performance.now() - died)));
    const during = count() - before;
    assert.equal(cluster.redis.alive, false);
    await cluster.redis.start();
    await sends(2 * SOCKETS);
    over = true;
    await talk;

    t.diagnostic(`${during} changes acknowledged while Redis was away; of ${ATTEMPTS} attempts ${limited.admitted} were let through`);
    assert.ok(limited.admitted <= SIGN_INS && limited.refused > 0, JSON.stringify(limited));
    await crowd.assertConsistent();
    assert.deepEqual(members.map((member) => member.connections), members.map(() => 1), "nobody had to connect again");
    assert.equal(stream.connections, 1, "a stream is held");
    assert.deepEqual(insistent.refusals, [], "and nobody is refused one");
    // The events of an answer that goes on are in Redis alone: whoever asks for them meanwhile is told to come again.
    const asked = ({ name, code }) => name === "generation:resume" && code === "busy";
    assert.deepEqual(members.flatMap((member) => member.refusals).filter((refusal) => !asked(refusal)), []);
  });
}
