// One person's large file and slow addresses, beside another's small upload.

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, test } from "node:test";

import { handbook } from "../support/documents.js";
import { Server } from "../support/server.js";
import { Live } from "../support/socket.js";
import { until } from "../support/wait.js";

const SECTIONS = 3_000;

const server = await Server.start({ after }, {
  COLLABRY_THREADS: "1",
  COLLABRY_FETCH_ALLOW_PRIVATE: "true",
  COLLABRY_FETCH_TIMEOUT_SECS: "2",
  COLLABRY_LIMIT_UPLOADS: "100",
});

/** An address that takes connections and never answers. */
async function silence(t) {
  const sockets = new Set();
  const listener = createServer((socket) => sockets.add(socket.on("error", () => {})));
  await new Promise((listening) => listener.listen(0, "127.0.0.1", () => listening(undefined)));
  t.after(() => {
    sockets.forEach((socket) => socket.destroy());
    listener.close();
  });
  return `http://127.0.0.1:${listener.address().port}/`;
}

test("retries of dead addresses and a large file hold up nobody else", async (t) => {
  const [ada, ben] = [await server.account("Ada"), await server.account("Ben")];
  const [adas, bens] = [await ada.notebook(), await ben.notebook()];
  const address = await silence(t);
  const large = await ada.upload(adas, "handbook.md", handbook(SECTIONS));
  const dead = [];
  for (let n = 0; n < 6; n += 1) dead.push(await ada.post(`/api/notebooks/${adas}/sources/url`, { url: address }));

  /** Tries again whatever has failed, until it is refused. */
  let attacking = true;
  const attack = (async () => {
    const refusals = new Set();
    while (attacking) {
      for (const { id } of dead) {
        await ada.post(`/api/sources/${id}/retry`).catch((problem) => refusals.add(problem.code));
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return refusals;
  })();

  const stateOf = async (account, { id }) => (await account.get(`/api/sources/${id}`)).latest.state;
  await until("the large file is embedded", async () => (await stateOf(ada, large)).step === "embed");
  for (let n = 0; n < 3; n += 1) {
    await ben.ready((await ben.upload(bens, `note-${n}.md`, "A tiny note.")).id);
  }
  const { step } = await stateOf(ada, large);
  attacking = false;
  const refusals = await attack;
  assert.equal(step, "embed", "the large file is not done yet");
  assert.ok(refusals.has("source_not_failed") || refusals.has("retry_too_soon"), [...refusals].join());
});

test("who waits is told how many are ahead, and the number falls", async (t) => {
  const ada = await server.account("Ada");
  const live = await Live.connect(t, ada);
  const notebook = await ada.notebook();
  const sources = [];
  for (let n = 0; n < 4; n += 1) sources.push(await ada.upload(notebook, `part-${n}.md`, handbook(30) + n));
  const last = sources.at(-1);
  assert.ok(last.latest.state.step === "queued" && last.latest.ahead >= 1, JSON.stringify(last.latest));
  const numbers = () =>
    live.all("source:status").filter(({ source }) => source.id === last.id).map(({ source }) => source.latest.ahead);
  await ada.ready(last.id);
  assert.ok(numbers().some((ahead) => ahead === last.latest.ahead), "told with the upload");
  assert.equal((await ada.get(`/api/sources/${last.id}`)).latest.ahead, undefined);
});
