// Every api replica is restarted, one by one, under load.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { Cluster } from "../cluster/cluster.js";
import { chat, Crowd } from "../cluster/crowd.js";
import { Provider } from "../support/provider.js";
import { until } from "../support/wait.js";

const ROOMS = 4;
const SOCKETS = 10;
const CALLERS = 8;
const ANSWERS = 10;

const provider = await Provider.start({ after });
const cluster = await Cluster.start({ after }, { settings: { ...provider.settings, COLLABRY_DEFAULT_MODEL: "openai/scripted" } });

/** One request after the other, each once: reading, and writing. */
async function call(crowd, { conversation, accounts: [account] }, over) {
  const headers = { authorization: `Bearer ${account.token}`, "content-type": "application/json" };
  const path = `${account.url}/api/conversations/${conversation}/messages`;
  const answers = [];
  for (let n = 0; !over(); n += 1) {
    const clientId = crypto.randomUUID();
    const post = { method: "POST", headers, body: JSON.stringify({ clientId, content: `Request ${n}`, ask: false }) };
    if (n % 2) crowd.recording.sent.add(clientId);
    const answer = await fetch(n % 2 ? path : `${path}?limit=20`, n % 2 ? post : { headers }).then(
      async (answer) => ({ status: answer.status, body: await answer.json() }),
      (error) => ({ status: 0, body: String(error.cause ?? error) }),
    );
    if (n % 2 && answer.status < 300) crowd.recording.acked.push(answer.body);
    answers.push({ method: n % 2 ? "POST" : "GET", ...answer });
  }
  return answers;
}

test("no request fails, and no event is lost", async (t) => {
  const crowd = new Crowd(t, cluster);
  const rooms = await crowd.rooms(ROOMS);
  for (const room of rooms) await crowd.enter(room, SOCKETS, { watch: true });
  await provider.script(...Array(ANSWERS).fill({ tokens: 250, between: 60 }));
  for (let n = 0; n < ANSWERS; n += 1) {
    const question = await crowd.members[n].send(`Question ${n}`, { ask: true });
    crowd.stream(crowd.members[n], question.generationId);
    crowd.insist(crowd.members[n], question.generationId);
  }
  let over = false;
  const talk = chat(crowd.members.filter((_, n) => n % 5 === 0), 10_000, () => over);
  const calls = Array.from({ length: CALLERS }, (_, n) => call(crowd, rooms[n % ROOMS], () => over));
  for (const api of cluster.apis) {
    const ended = await api.stop();
    assert.deepEqual(ended, { code: 0, signal: null }, api.output.slice(-2_000));
    await api.start();
    const from = crowd.recording.acked.length;
    await until("the chats go on", () => crowd.recording.acked.length > from + 50);
  }
  over = true;
  await talk;
  const answers = (await Promise.all(calls)).flat();
  const failed = answers.filter(({ status }) => status < 200 || status > 299);
  t.diagnostic(`${answers.length} requests, ${failed.length} failed; ${crowd.recording.acked.length} changes acknowledged`);
  assert.deepEqual(failed.slice(0, 5), []);
  await crowd.assertConsistent();
  assert.ok(crowd.members.every((member) => member.connections > 1), "every socket moved at least once");
});
