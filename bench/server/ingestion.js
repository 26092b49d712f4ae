// Reading a long PDF, and what others feel of it.

import { setTimeout as sleep } from "node:timers/promises";

import { pdf } from "../../e2e/support/documents.js";
import { Live } from "../../e2e/support/socket.js";
import { Author } from "./prose.js";
import { Traffic } from "./traffic.js";

const WORDS_PER_PAGE = 430;

/**
 * A notebook filled with PDFs, and who wrote them.
 * @param {import("../../e2e/support/account.js").Account} owner
 * @param {number} sources @param {number} pages of each
 */
export async function library(owner, sources, pages) {
  const author = new Author(1);
  const notebook = await owner.notebook("Library");
  const ids = [];
  for (let n = 1; n <= sources; n += 1) {
    const source = await owner.upload(notebook, `volume-${n}.pdf`, pdf(author.pages(pages, WORDS_PER_PAGE)));
    ids.push(source.id);
  }
  let passages = 0;
  for (const id of ids) passages += (await patiently(owner, id)).latest.chunkCount;
  return { notebook, author, passages };
}

/** The source once it is ready, however long that takes. */
async function patiently(owner, id) {
  for (;;) {
    const source = await owner.get(`/api/sources/${id}`);
    const { state } = source.latest;
    if (state.step === "ready") return source;
    if (state.step === "failed") throw new Error(JSON.stringify(state));
    await sleep(500);
  }
}

/**
 * Ingests one long PDF while another user is about.
 * @param {import("./report.js").Report} report
 * @param {{ after(fn: () => unknown): void }} scope
 * @param {import("../../e2e/support/account.js").Account} owner
 * @param {import("../../e2e/support/account.js").Account} other
 * @param {number} pages @param {number} quietSecs how long the other user is measured alone
 */
export async function besideOthers(report, scope, owner, other, pages, quietSecs) {
  const file = pdf(new Author(2).pages(pages, WORDS_PER_PAGE));
  const notebook = await owner.notebook("Long");
  const { notebook: elsewhere, author } = await library(other, 1, 10);
  const place = { notebook: elsewhere, conversation: await other.conversation(elsewhere), author };
  const live = await Live.connect(scope, owner, { transports: ["websocket"] });

  report.progress("requests alone");
  const alone = new Traffic(other, place);
  await sleep(quietSecs * 1000);
  await alone.end(report, "alone");

  report.progress(`requests while ${pages} pages are ingested`);
  const events = [];
  const ended = new Promise((resolve, reject) => {
    live.socket.on("source:status", ({ source }) => {
      events.push(performance.now());
      const { state } = source.latest;
      if (state.step === "ready") resolve(source);
      if (state.step === "failed") reject(new Error(JSON.stringify(state)));
    });
  });
  const traffic = new Traffic(other, place);
  const begun = performance.now();
  await owner.upload(notebook, "long.pdf", file);
  const source = await ended;
  const seconds = (performance.now() - begun) / 1000;
  await traffic.end(report, "while ingesting");
  report.figure("ingestion: passages", source.latest.chunkCount, "");
  report.figure("ingestion: speed", pages / seconds, "pages/s");
  report.figure("ingestion: progress events", events.length, "");
  report.figure("ingestion: largest gap between them", Math.max(...events.map((at, n) => at - (events[n - 1] ?? begun))), "ms");
}
