// What people do all the time: chat, ask and watch, upload, search, sign in.

import { setTimeout as sleep } from "node:timers/promises";

import { Crowd } from "../../e2e/cluster/crowd.js";

const ROOMS = 4;
const MEMBERS = 3;
const SEND_EVERY_MS = 800;
const ASK_EVERY_MS = 3_000;
const REST_EVERY_MS = 10_000;

export class Traffic {
  #over = false;
  /** @type {Promise<unknown>[]} */
  #running = [];
  done = { sends: 0, questions: 0, uploads: 0, searches: 0, signIns: 0, refused: 0 };

  static async start(scope, cluster) {
    const traffic = new Traffic();
    traffic.crowd = new Crowd(scope, cluster);
    const rooms = await traffic.crowd.rooms(ROOMS);
    for (const room of rooms) {
      const members = await traffic.crowd.enter(room, MEMBERS, { watch: true });
      for (const member of members) traffic.#again(SEND_EVERY_MS, () => traffic.#send(member));
      traffic.#again(ASK_EVERY_MS, () => traffic.#ask(members));
      traffic.#again(REST_EVERY_MS, () => traffic.#rest(room.accounts[0]));
    }
    return traffic;
  }

  #again(every, act) {
    const loop = async () => {
      for (; !this.#over; await sleep(every * (0.5 + Math.random()))) await act();
    };
    this.#running.push(loop());
  }

  async #send(member) {
    await member.send(`message ${this.done.sends}`);
    this.done.sends += 1;
  }

  async #ask(members) {
    const [asker, one, other] = members;
    const { generationId } = await asker.send(`Question ${this.done.questions}`, { ask: true });
    if (!generationId) return;
    this.crowd.stream(one, generationId);
    this.crowd.insist(other, generationId);
    this.done.questions += 1;
  }

  /** May be refused while something is away: what counts here is that nobody else minds. */
  async #rest(account) {
    const tries = {
      uploads: async () => {
        account.soak ??= await account.notebook("Soak");
        await account.upload(account.soak, `Note ${this.done.uploads}.md`, "Leaves are green because of chlorophyll.");
      },
      searches: async () => account.soak && account.post(`/api/notebooks/${account.soak}/search`, { query: "green leaves" }),
      signIns: () => account.signInAgain(),
    };
    for (const [what, act] of Object.entries(tries)) {
      await act().then(() => (this.done[what] += 1), () => (this.done.refused += 1));
    }
  }

  async stop() {
    this.#over = true;
    await Promise.all(this.#running);
  }

  summary() {
    const counts = Object.entries(this.done).map(([what, count]) => `${count} ${what}`);
    return `traffic: ${counts.join(", ")}, ${this.crowd.events} events of answers received`;
  }
}
