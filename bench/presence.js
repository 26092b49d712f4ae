// What it costs that the members of a notebook come, and go: `node bench/presence.js [members …]` (default 50 100 200).
//
// Each connects a socket and joins one conversation, one each 20 ms; then all go. Counted are messages and bytes, not time.

import { Server } from "../e2e/support/server.js";
import { RawSocket } from "../e2e/support/raw-socket.js";
import { until } from "../e2e/support/wait.js";

const counts = process.argv.slice(2).map(Number);
const undo = [];
const scope = { after: (fn) => undo.unshift(fn) };
try {
  const server = await Server.start(scope);
  console.log("| members | `presence:update` received | bytes of them |\n|---|---|---|");
  for (const count of counts.length > 0 ? counts : [50, 100, 200]) await measure(server, count);
} finally {
  for (const fn of undo) await fn();
}

async function measure(server, count) {
  const owner = await server.account("Owner");
  const notebook = await owner.notebook();
  const conversationId = await owner.conversation(notebook);
  const members = [];
  while (members.length < count) {
    const member = await server.account("Member");
    await owner.invite(notebook, member);
    members.push(member);
  }
  let [updates, bytes, largest] = [0, 0, 0];
  const onText = (text) => {
    if (!text.startsWith('42["presence:update"')) return;
    updates += 1;
    bytes += text.length;
    largest = Math.max(largest, JSON.parse(text.slice(2))[1].userIds.length);
  };
  const sockets = [];
  const joins = [];
  for (const member of members) {
    const socket = new RawSocket(server.url, member.token, onText);
    sockets.push(socket);
    joins.push(socket.connected.then(() => socket.ask("conversation:join", { conversationId })));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await Promise.all(joins);
  await until("everybody is seen", () => largest >= count);
  console.log(`| ${count} | ${updates.toLocaleString("en")} | ${bytes.toLocaleString("en")} |`);
  for (const socket of sockets) socket.close();
}
