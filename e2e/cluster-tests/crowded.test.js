// A client that reads nothing, 2,000 idle sockets, and a burst of 10,000 sends to one room.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Cluster } from "../cluster/cluster.js";
import { Crowd } from "../cluster/crowd.js";
import { memoryOf } from "../support/memory.js";
import { many, RawSocket } from "../support/raw-socket.js";
import { until } from "../support/wait.js";

const MIB = 1024 * 1024;
const IDLE = 2_000;
/** What an idle socket may cost a replica, with what its user costs. */
const PER_IDLE = 40 * 1024;
const SENDS = 10_000;
const SENDERS = 20;
const READERS = 6;
const DEAF = 10;
/** What a replica may grow by while it serves a burst. */
const BURST_GROWTH = 128 * MIB;
/** Two pings, one of which is not answered, and some slack. */
const CUT_OFF_MS = 120_000;
/** Large enough that what a deaf client misses fits in no buffer of the kernel. */
const WORDS = "word ".repeat(150);

const cluster = await Cluster.start({ after });

async function memories() {
  return Promise.all(cluster.apis.map(async (api) => (await memoryOf(api.pid)).anonymous));
}

test("2,000 idle sockets: memory is bounded, and a message takes no longer", async (t) => {
  const crowd = new Crowd(t, cluster);
  const [room] = await crowd.rooms(1);
  const before = (await memories()).reduce((sum, bytes) => sum + bytes);
  const idle = await many(IDLE, (n) => new RawSocket(cluster.url, room.accounts[n % room.accounts.length].token));
  t.after(() => idle.forEach((socket) => socket.close()));
  const per = ((await memories()).reduce((sum, bytes) => sum + bytes) - before) / IDLE;
  t.diagnostic(`${Math.round(per / 1024)} KiB for each`);
  assert.ok(per < PER_IDLE, `${per} bytes each`);
  const members = await crowd.enter(room, 3);
  for (const member of members) await member.send("Anybody there?");
  await crowd.assertConsistent();
  assert.ok(idle.every((socket) => socket.socket.readyState === socket.socket.OPEN), "nobody was cut off");
});

test("10,000 sends to one room, and some who read nothing: order kept, others unaffected", async (t) => {
  const crowd = new Crowd(t, cluster);
  const [{ conversation, accounts }, elsewhere] = await crowd.rooms(2);
  const [room, silent] = [{ conversation, accounts: accounts.slice(0, 2) }, accounts[2]];
  const urls = cluster.apis.map((api) => api.url);
  // Readers may be outrun: then they see the gap and ask, which is what a full buffer is for.
  const readers = await crowd.enter(room, READERS, { urls, lossy: true });
  const senders = await many(SENDERS, (n) => new RawSocket(urls[n % urls.length], accounts[n % 2].token));
  const deaf = await many(DEAF, (n) => new RawSocket(urls[n % urls.length], silent.token));
  t.after(() => [...senders, ...deaf].forEach((socket) => socket.close()));
  for (const socket of deaf) {
    assert.equal((await socket.ask("conversation:join", { conversationId: room.conversation })).ok, true);
    socket.stopReading();
  }
  const [bystander] = await crowd.enter(elsewhere, 1);
  const before = await memories();

  let over = false;
  const aside = (async () => {
    const times = [];
    while (!over) {
      const begun = performance.now();
      await bystander.send("Undisturbed");
      times.push(performance.now() - begun);
      await sleep(50);
    }
    return times.sort((a, b) => a - b);
  })();
  let peak = before;
  const watching = setInterval(async () => {
    const now = await memories();
    peak = peak.map((bytes, n) => Math.max(bytes, now[n]));
  }, 250);
  t.after(() => clearInterval(watching));
  const begun = performance.now();
  await Promise.all(senders.map((sender, lane) => burst(crowd, sender, room.conversation, lane, SENDS / SENDERS)));
  const seconds = (performance.now() - begun) / 1000;
  over = true;
  const times = await aside;
  clearInterval(watching);

  const growth = peak.map((bytes, n) => (bytes - before[n]) / MIB);
  t.diagnostic(`${Math.round(SENDS / seconds)} sends/s; the replicas grew by at most ${growth.map(Math.round)} MiB`);
  t.diagnostic(`a bystander's send took ${Math.round(times[times.length >> 1])} ms (p50), ${Math.round(times.at(-1) ?? 0)} ms at most, of ${times.length}`);
  assert.ok(growth.every((mib) => mib < BURST_GROWTH / MIB), `${growth} MiB`);
  assert.deepEqual(bystander.refusals, []);
  assert.deepEqual(readers.flatMap((reader) => reader.refusals), []);
  await crowd.assertConsistent();
  const { messages } = await crowd.stored();
  assert.equal(messages[room.conversation].length, SENDS);
  for (let lane = 0; lane < SENDERS; lane += 1) {
    const said = messages[room.conversation].filter(({ clientId }) => clientId.startsWith(`${lane}-`)).map(({ clientId }) => Number(clientId.split("-")[1]));
    assert.deepEqual(said, [...said].sort((a, b) => a - b), "each sender's order");
  }
  await until("the deaf are cut off, and so are away", async () => {
    const { present } = await senders[0].ask("conversation:join", { conversationId: conversation, sinceRev: SENDS });
    await sleep(1_000);
    return present.includes(accounts[0].id) && !present.includes(silent.id);
  }, CUT_OFF_MS);
});

/** One after the other, so that the order is known. */
async function burst(crowd, sender, conversationId, lane, count) {
  for (let n = 0; n < count; n += 1) {
    const clientId = `${lane}-${n}`;
    crowd.recording.sent.add(clientId);
    const ack = await sender.ask("message:send", { conversationId, clientId, content: `${WORDS}${n}`, ask: false });
    assert.equal(ack.ok, true, JSON.stringify(ack));
    crowd.recording.acked.push(ack.message);
  }
}
