// The main job: material in, questions about it, streamed answers that cite it, for everyone in the notebook.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { assertUnbroken, ended, eventsOf, textOf } from "../support/answer.js";
import { assertResolves, references } from "../support/citations.js";
import { MITOSIS_PAGES, PHOTOSYNTHESIS, pdf } from "../support/documents.js";
import { Server } from "../support/server.js";
import { Live } from "../support/socket.js";

const STEPS = ["queued", "extract", "chunk", "embed", "ready"];

const server = await Server.start({ after });

test("two members upload, ask, watch and follow the citations", async (t) => {
  const [ada, bob] = [await server.account("Ada"), await server.account("Bob")];
  const [adas, bobs] = [await Live.connect(t, ada), await Live.connect(t, bob, { transports: ["websocket"] })];
  const notebook = await ada.notebook();

  await ada.invite(notebook, bob);
  const { notification } = await bobs.next("notification:new");
  assert.deepEqual(notification.about, { kind: "addedToNotebook", notebookId: notebook, title: "Biology", by: "Ada" });
  assert.equal((await bob.get("/api/notifications")).notifications[0].id, notification.id);

  const markdown = await ada.upload(notebook, "photosynthesis.md", PHOTOSYNTHESIS);
  const slides = await ada.upload(notebook, "mitosis.pdf", pdf(MITOSIS_PAGES));
  for (const live of [adas, bobs]) {
    await assertProgress(live, markdown.id);
    const { latest } = await assertProgress(live, slides.id);
    assert.equal(latest.pageCount, MITOSIS_PAGES.length);
    assert.ok(latest.chunkCount > 0);
  }

  const conversation = await ada.conversation(notebook);
  await Promise.all([adas.join(conversation), bobs.join(conversation)]);

  const light = await ask(adas, [bobs], conversation, "Which enzyme fixes carbon dioxide?");
  assert.match(light.content, /RuBisCO/);
  assert.ok(light.citations.every((citation) => citation.sourceId === markdown.id && !citation.paged));

  const phases = await ask(bobs, [adas], conversation, "What do the spindle fibres do during anaphase?");
  assert.match(phases.content, /sister chromatids/);
  const onPage = phases.citations.find((citation) => citation.text.includes("sister chromatids"));
  assert.deepEqual([onPage.sourceId, onPage.sourceName, onPage.paged], [slides.id, "mitosis.pdf", true]);

  for (const citation of [...light.citations, ...phases.citations]) await assertResolves(bob, citation);
  const history = await bob.messages(conversation);
  assert.deepEqual(history.map((message) => message.author.kind), ["user", "assistant", "user", "assistant"]);
  assert.deepEqual(history.map((message) => message.position), [1, 2, 3, 4]);

  const title = "Which enzyme fixes carbon dioxide?";
  const named = (payload) => payload.conversation.title === title;
  assert.equal((await bobs.next("conversation:updated", named)).conversation.id, conversation);
  assert.equal((await ada.get(`/api/conversations/${conversation}`)).title, title);
});

test("a question can be limited to some sources", async (t) => {
  const ada = await server.account("Ada");
  const notebook = await ada.notebook();
  const markdown = await ada.upload(notebook, "photosynthesis.md", PHOTOSYNTHESIS);
  const slides = await ada.upload(notebook, "mitosis.pdf", pdf(MITOSIS_PAGES));
  await Promise.all([ada.ready(markdown.id), ada.ready(slides.id)]);
  const live = await Live.connect(t, ada);
  const conversation = await ada.conversation(notebook);
  await live.join(conversation);
  const question = await live.send(conversation, "Where does the Calvin cycle take place?", { sourceIds: [slides.id] });
  const events = await whole(live, question.generationId);
  const given = events.flatMap((event) => event.citations ?? []);
  assert.ok(given.every((citation) => citation.sourceId === slides.id), "nothing from the other source");
});

test("search finds passages by their meaning and by their words", async () => {
  const ada = await server.account("Ada");
  const notebook = await ada.notebook();
  const source = await ada.upload(notebook, "photosynthesis.md", PHOTOSYNTHESIS);
  await ada.ready(source.id);
  for (const query of ["RuBisCO", "how do plants turn sunlight into energy"]) {
    const { hits } = await ada.post(`/api/notebooks/${notebook}/search`, { query });
    assert.ok(hits.length > 0, query);
    for (const hit of hits) await assertResolves(ada, hit);
  }
});

/** Waits until a source is ready, and checks the steps that were announced on the way. */
async function assertProgress(live, sourceId) {
  const of = ({ source }) => source.id === sourceId;
  const { source } = await live.next("source:status", (payload) => of(payload) && payload.source.latest.state.step === "ready");
  const states = live.all("source:status").filter(of).map((payload) => payload.source.latest.state);
  const steps = states.map((state) => STEPS.indexOf(state.step));
  assert.ok(!steps.includes(-1), JSON.stringify(states));
  assert.deepEqual(steps, [...steps].sort(), "steps are announced in their order");
  assert.equal(states[0].step, "queued");
  assert.ok(new Set(steps).size >= 3, `progress is seen: ${JSON.stringify(states)}`);
  return source;
}

/** Asks, and returns the stored answer after checking that all sockets saw it come. */
async function ask(live, others, conversation, content) {
  const question = await live.send(conversation, content);
  assert.equal(question.content, content);
  for (const watcher of [live, ...others]) {
    assert.deepEqual((await watcher.next("message:new", ({ message }) => message.id === question.id)).message, question);
  }
  const answerTo = ({ message }) => message.replyTo === question.id;
  const { message: answer } = await live.next("message:new", answerTo);
  assert.equal(answer.status, "complete");
  assert.deepEqual(new Set(answer.citations.map(({ number }) => number)), references(answer.content));
  for (const watcher of [live, ...others]) {
    const events = await whole(watcher, question.generationId);
    assertUnbroken(events);
    assert.equal(textOf(events), answer.content, "the deltas are the answer");
    assert.deepEqual([events[0].questionId, events[0].answerId], [question.id, answer.id]);
    assert.deepEqual([events.at(-1).kind, events.at(-1).state], ["done", "done"]);
    const given = events.find((event) => event.kind === "citations").citations;
    for (const citation of answer.citations) assert.deepEqual(given[citation.number - 1], citation);
    assert.deepEqual((await watcher.next("message:new", answerTo)).message, answer);
  }
  return answer;
}

async function whole(live, generationId) {
  await ended(live, generationId);
  return eventsOf(live, generationId);
}
