// The server dies while it reads a source: it goes on after the restart, and nothing is read twice.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { assertResolves } from "../support/citations.js";
import { handbook } from "../support/documents.js";
import { Server } from "../support/server.js";
import { Live } from "../support/socket.js";
import { textOfSource } from "../support/sources.js";

const SECTIONS = 150;

const server = await Server.start({ after }, { COLLABRY_THREADS: "1" });

const MOMENTS = {
  "while the file is read": (state) => state.step === "extract",
  "with a part of the chunks stored": (state) => state.step === "embed" && state.done > 0 && state.done < state.total,
};

for (const [when, isNow] of Object.entries(MOMENTS)) {
  test(`kill -9 ${when}`, async (t) => {
    const ada = await server.account("Ada");
    const live = await Live.connect(t, ada);
    const notebook = await ada.notebook();
    const source = await ada.upload(notebook, "handbook.md", handbook(SECTIONS));
    const ours = (payload) => payload.source.id === source.id;
    await live.next("source:status", (payload) => ours(payload) && isNow(payload.source.latest.state));
    await server.kill();
    assert.ok(
      live.all("source:status").filter(ours).every((payload) => payload.source.latest.state.step !== "ready"),
      "the server died before it was done",
    );
    await server.run();

    const { latest } = await ada.ready(source.id);
    const text = await textOfSource(ada, source.id);
    for (let n = 1; n <= SECTIONS; n += 1) {
      assert.equal(text.split(`marker${n} `).length - 1, 1, `section ${n} is there once`);
    }
    /** Every chunk that a search can find, by where it begins. */
    const found = new Map();
    for (let n = 1; n <= SECTIONS; n += 15) {
      const { hits } = await ada.post(`/api/notebooks/${notebook}/search`, { query: `marker${n}`, limit: 20 });
      assert.ok(hits.some((hit) => hit.text.includes(`marker${n} `)), `section ${n} is found`);
      const starts = hits.map((hit) => hit.start);
      assert.equal(new Set(starts).size, starts.length, "no chunk twice");
      for (const hit of hits) found.set(hit.start, hit);
    }
    assert.ok(found.size <= latest.chunkCount);
    const inOrder = [...found.values()].sort((a, b) => a.start - b.start);
    for (const [index, hit] of inOrder.slice(1).entries()) {
      assert.ok(hit.start > inOrder[index].start && hit.end > inOrder[index].end, "chunks follow each other");
    }
    await assertResolves(ada, inOrder[0]);
    await assertResolves(ada, inOrder.at(-1));
  });
}
