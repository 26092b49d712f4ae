// What one account does to a server. Each begins, and returns what ends it.

import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { PASSWORD } from "../../e2e/support/account.js";
import { RawSocket } from "../../e2e/support/raw-socket.js";

/** A WebSocket that is open, by its own count. */
const OPEN = 1;

/** Goes on until it is stopped, whatever the server answers. @param {() => Promise<unknown>} act */
function again(act, times = 1) {
  let over = false;
  const loop = async () => {
    while (!over) await act().catch(() => sleep(20));
  };
  const running = Array.from({ length: times }, loop);
  return async () => {
    over = true;
    await Promise.race([Promise.all(running), sleep(5_000)]);
  };
}

/** A socket that says what it likes and reads nothing. */
async function deaf(server, account) {
  const raw = new RawSocket(server.url, account.token);
  await raw.connected;
  raw.socket.pause();
  return raw.socket;
}

export const PARTS = {
  /** H1: pages of large messages asked for again and again, by somebody who reads none. */
  async pages(server) {
    const mallory = await server.account("Mallory");
    const conversation = await mallory.conversation(await mallory.notebook());
    for (let n = 0; n < 60; n += 1) {
      const content = "\u{1F331}".repeat(16_000);
      await mallory.post(`/api/conversations/${conversation}/messages`, { clientId: `p${n}`, content, ask: false }).catch(() => sleep(1_000));
    }
    const socket = await deaf(server, mallory);
    const stop = again(async () => {
      if (socket.readyState !== OPEN) return sleep(100);
      socket.send(`421["conversation:join",${JSON.stringify({ conversationId: conversation, sinceRev: 0 })}]`);
      await sleep(20);
    });
    return async () => {
      await stop();
      socket.terminate();
    };
  },

  /** M1: a flood of the smallest frames. */
  async frames(server) {
    const mallory = await server.account("Mallory");
    const conversation = await mallory.conversation(await mallory.notebook());
    let socket = await deaf(server, mallory);
    const frame = `42["typing:stop",${JSON.stringify({ conversationId: conversation })}]`;
    const stop = again(async () => {
      if (socket.readyState !== OPEN) socket = await deaf(server, mallory);
      for (let n = 0; n < 500 && socket.bufferedAmount < 1_000_000; n += 1) socket.send(frame);
      await sleep(10);
    });
    return async () => {
      await stop();
      socket.terminate();
    };
  },

  /** H2: files that take long, and retries of addresses that never answer. */
  async ingestion(server) {
    const mallory = await server.account("Mallory");
    const notebook = await mallory.notebook();
    const page = Array.from({ length: 40_000 }, (_, n) => `Sentence ${n} says that ${n * 7} is not ${n * 11}.`).join(" ");
    for (let n = 0; n < 3; n += 1) await mallory.upload(notebook, `Large ${n}.txt`, `${n} ${page}`).catch(() => undefined);
    const { id } = await mallory.post(`/api/notebooks/${notebook}/sources`, { url: "http://192.0.2.1/" }).catch(() => ({ id: undefined }));
    return again(async () => {
      if (id) await mallory.post(`/api/sources/${id}/retry`);
      await sleep(200);
    });
  },

  /** H3: questions to a slow model, as many as are let in. */
  async answers(server) {
    const mallory = await server.account("Mallory");
    const conversation = await mallory.conversation(await mallory.notebook());
    return again(async () => {
      const content = "How long does it take?";
      const model = "openai/scripted:tokens=2000,between=500";
      await mallory.post(`/api/conversations/${conversation}/messages`, { clientId: crypto.randomUUID(), content, model, ask: true });
    }, 8);
  },

  /** Argon2: sign-ins, right and wrong, at once. */
  async signIns(server) {
    const mallory = await server.account("Mallory");
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ email: mallory.user.email, password: PASSWORD });
    return again(() => fetch(`${server.url}/api/auth/login`, { method: "POST", headers, body }).then((answer) => answer.arrayBuffer()), 100);
  },

  /** M8: connections that never say what they want. */
  async idle(server) {
    const { hostname, port } = new URL(server.url);
    const sockets = Array.from({ length: 2_000 }, () => {
      const socket = connect(Number(port), hostname);
      socket.on("error", () => undefined);
      socket.once("connect", () => socket.write("GET / HTTP/1.1\r\nHost: x\r\n"));
      return socket;
    });
    await sleep(1_000);
    return async () => sockets.forEach((socket) => socket.destroy());
  },
};
