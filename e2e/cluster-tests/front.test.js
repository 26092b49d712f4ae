// The replicas through nginx: what a client sees of them does not depend on the way it takes.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { Cluster } from "../cluster/cluster.js";
import { PHOTOSYNTHESIS } from "../support/documents.js";
import { raw } from "../support/proxy.js";
import { Live } from "../support/socket.js";

const SAFETY = ["content-security-policy", "referrer-policy", "x-content-type-options", "cache-control", "cross-origin-opener-policy", "permissions-policy"];
const LIMIT = 5;

const cluster = await Cluster.start({ after }, { settings: { COLLABRY_LIMIT_SIGN_IN: String(LIMIT) } });

test("pages have the same headers from nginx and from a replica", async () => {
  const [front, own] = await Promise.all([cluster.url, cluster.apis[0].url].map((url) => raw(`${url}/`)));
  for (const name of SAFETY) assert.equal(front.headers[name], own.headers[name], name);
});

for (const transports of [["polling"], ["polling", "websocket"], ["websocket"]]) {
  test(`sockets by ${transports.join(", then ")} hear what is said through other replicas`, async (t) => {
    const [ada, bob] = [await cluster.account("Ada"), await cluster.account("Bob")];
    const notebook = await ada.notebook();
    await ada.invite(notebook, bob);
    const conversation = await ada.conversation(notebook);
    const lives = await Promise.all([ada, bob, ada, bob, ada, bob].map((account) => Live.connect(t, account, { transports })));
    await Promise.all(lives.map((live) => live.join(conversation)));
    for (const live of lives) await live.settle(conversation, lives);
    for (const live of lives) assert.equal(live.all("message:new").length, lives.length);
    assert.deepEqual(lives.flatMap((live) => live.all("disconnect")), [], "no session was lost between replicas");
  });
}

test("the main job: upload, ask, cited answer, over whatever replicas", async () => {
  const ada = await cluster.account("Ada");
  const notebook = await ada.notebook();
  const source = await ada.upload(notebook, "photosynthesis.md", PHOTOSYNTHESIS);
  await ada.ready(source.id);
  const conversation = await ada.conversation(notebook);
  const body = { clientId: crypto.randomUUID(), content: "Where does the Calvin cycle take place?" };
  const question = await ada.post(`/api/conversations/${conversation}/messages`, body);
  const answer = await ada.answer(conversation, question.id);
  assert.match(answer.content, /stroma/);
  assert.equal(answer.citations[0].sourceId, source.id);
});

test("nobody escapes a limit by making up addresses", async () => {
  const ada = await cluster.account("Ada");
  const statuses = [];
  for (let n = 1; n <= 4 * LIMIT; n += 1) {
    const headers = { "content-type": "application/json", "x-forwarded-for": `203.0.113.${n}` };
    const answer = await raw(`${cluster.url}/api/auth/login`, { method: "POST", headers }, JSON.stringify({ email: ada.user.email, password: "wrong" }));
    statuses.push(answer.statusCode);
    answer.resume();
  }
  assert.equal(statuses.filter((status) => status === 401).length, LIMIT, statuses.join());
  assert.ok(statuses.slice(LIMIT).every((status) => status === 429), statuses.join());
});
