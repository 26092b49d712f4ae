// What a server spends on a message that another replica took and its own sockets get.

import { setTimeout as sleep } from "node:timers/promises";

import { timesOf } from "../../e2e/support/memory.js";
import { many } from "../../e2e/support/raw-socket.js";
import { until } from "../../e2e/support/wait.js";

const LISTENERS = 200;
const WARM = 100;
const MESSAGES = 1_000;
/** Between two messages: 10,000 deliveries a second. */
const EVERY_MS = 20;
const NEW = '42["message:new"';
const CONTENT = "A message of a common length, which says a little more than hello to everyone who is here. ".repeat(2);

/** @param {import("./ours.js").Ours | import("./peer.js").Peer} side */
export async function delivery(side) {
  const [receiving, sending] = side.replicas.map(({ pid }) => pid);
  let got = 0;
  const listeners = await many(LISTENERS, () => side.connect(0, (text) => (got += text.startsWith(NEW) ? 1 : 0)));
  for (const socket of listeners) await socket.ask("conversation:join", { conversationId: side.room });
  const sender = await side.connect(1).connected;
  const say = async (count) => {
    const acks = [];
    for (let n = 0; n < count; n += 1) {
      acks.push(sender.ask("message:send", { conversationId: side.room, clientId: crypto.randomUUID(), content: CONTENT, ask: false }));
      await sleep(EVERY_MS);
    }
    for (const ack of await Promise.all(acks)) if (!ack.ok) throw new Error(JSON.stringify(ack));
  };
  await say(WARM);
  await until("all are delivered", () => got === LISTENERS * WARM);
  const before = await Promise.all([receiving, sending].map(timesOf));
  await say(MESSAGES);
  await until("all are delivered", () => got === LISTENERS * (WARM + MESSAGES));
  const after = await Promise.all([receiving, sending].map(timesOf));
  [...listeners, sender].forEach((socket) => socket.close());
  const spent = (replica, where) => after[replica][where] - before[replica][where];
  const each = (ms) => ({ value: (1000 * ms) / (LISTENERS * MESSAGES), unit: "µs" });
  return {
    "cross-replica message delivered, CPU of the receiving replica": each(spent(0, "user") + spent(0, "system")),
    "of it in the kernel": each(spent(0, "system")),
    "message sent, CPU of the sending replica": { value: (spent(1, "user") + spent(1, "system")) / MESSAGES, unit: "ms" },
  };
}
