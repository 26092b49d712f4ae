// Conversations in the browser: their titles and models, answers stopped and given anew, messages changed.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { launch } from "../support/browser.js";
import { answer, ask, choose, confirm, message, visit } from "../support/page.js";
import { Provider } from "../support/provider.js";
import { Server } from "../support/server.js";
import { until } from "../support/wait.js";

const provider = await Provider.start({ after });
const server = await Server.start({ after }, { ...provider.settings, COLLABRY_DEFAULT_MODEL: "ollama/scripted" });
const browser = await launch({ after });

/** Ada with a conversation on the screen. */
async function begin(t) {
  const ada = await server.account("Ada");
  const notebook = await ada.notebook();
  const conversation = await ada.conversation(notebook, { title: "Cells" });
  return { ada, notebook, conversation, page: await visit(t, browser, ada, `/n/${notebook}/c/${conversation}`) };
}

/** A member who looks at the same. */
async function watch(t, { ada, notebook, conversation }) {
  const bob = await server.account("Bob");
  await ada.invite(notebook, bob);
  return { bob, page: await visit(t, browser, bob, `/n/${notebook}/c/${conversation}`) };
}

const link = (page, title) => page.getByRole("list", { name: "Conversations" }).getByRole("link", { name: title });

test("what is typed while a conversation is made is neither lost nor said in another one", async (t) => {
  const ada = await server.account("Ada");
  const notebook = await ada.notebook();
  const page = await visit(t, browser, ada, `/n/${notebook}/c/new`);
  let answers = /** @type {((route: import("playwright-core").Route) => Promise<void>)} */ (route) => route.abort();
  await page.route(`**/api/notebooks/${notebook}/conversations`, (route) => (route.request().method() === "POST" ? answers(route) : route.continue()));
  const [box, send] = [page.getByLabel("Message", { exact: true }), page.getByRole("button", { name: "Send", exact: true })];
  const asks = page.getByRole("checkbox", { name: "Ask AI" });
  await asks.uncheck();
  await box.fill("One");
  await send.click();
  await until("what could not be sent is in the box again", async () => (await box.inputValue()) === "One");

  const asked = new Promise((resolve) => {
    answers = async (route) => resolve(route);
  });
  await send.click();
  const creation = await asked;
  await box.fill("Two");
  await send.click();
  await box.fill("And then");
  await creation.continue();
  await message(page, "Two").waitFor();
  assert.equal(await box.inputValue(), "And then");
  assert.equal(await asks.isChecked(), false);
  const { conversations } = await ada.get(`/api/notebooks/${notebook}/conversations`);
  assert.equal(conversations.length, 1);
  assert.deepEqual((await ada.messages(conversations[0].id)).map(({ content }) => content), ["One", "Two"]);
});

test("a conversation is renamed, and deleted under the eyes of a member", async (t) => {
  const there = await begin(t);
  const { page } = there;
  const { page: bobs } = await watch(t, there);
  await link(bobs, "Cells").waitFor();
  await choose(page, "Actions for Cells", "Rename");
  await page.getByLabel("Title").fill("Plant cells");
  await confirm(page, "Rename");
  await Promise.all([page, bobs].map((each) => link(each, "Plant cells").waitFor()));

  await choose(page, "Actions for Plant cells", "Delete conversation");
  await page.getByTestId("chat-empty").waitFor();
  await bobs.getByRole("alert").filter({ hasText: "This conversation was deleted" }).waitFor();
  await link(bobs, "Plant cells").waitFor({ state: "detached" });
});

test("the model that is chosen for a conversation answers, also after a reload", async (t) => {
  const { page } = await begin(t);
  await page.getByRole("button", { name: "Model: scripted" }).click();
  await page.getByRole("group", { name: "Models" }).locator('.choice[aria-pressed="false"]').first().click();
  const chosen = page.getByRole("button", { name: /^Model: (?!scripted)/ });
  await chosen.waitFor();
  const before = (await provider.chats()).length;
  await ask(page, "Who are you?");
  await answer(page).waitFor();
  await page.reload();
  await answer(page).waitFor();
  await chosen.waitFor();
  assert.equal((await provider.chats()).length, before, "the other model was not asked");
});

test("an answer that is stopped keeps its text", async (t) => {
  const { page } = await begin(t);
  await provider.script({ tokens: 1_000_000, between: 15 });
  await ask(page, "Tell me everything.");
  await answer(page, "running").filter({ hasText: "w5 " }).waitFor();
  await page.getByRole("button", { name: "Stop answer" }).click();
  const stopped = answer(page, "stopped");
  await stopped.filter({ hasText: "The answer is incomplete." }).waitFor();
  const words = (await stopped.innerText()).match(/w\d+/g);
  assert.deepEqual(words, words.map((_, index) => `w${index + 1}`));
  assert.ok(words.length >= 5);
});

test("a new answer takes the place of the old one", async (t) => {
  const there = await begin(t);
  const { page } = there;
  const { page: bobs } = await watch(t, there);
  await provider.script({ text: "A first try." }, { text: "A better one." });
  await ask(page, "What is a cell?");
  await Promise.all([page, bobs].map((each) => answer(each).filter({ hasText: "A first try." }).waitFor()));
  await page.getByRole("button", { name: "Regenerate answer" }).click();
  for (const each of [page, bobs]) {
    await answer(each).filter({ hasText: "A better one." }).waitFor();
    await answer(each).filter({ hasText: "A first try." }).waitFor({ state: "detached" });
  }
  assert.equal(await page.getByTestId("answer").count(), 1);
});

test("a message is edited and deleted, and others see it", async (t) => {
  const there = await begin(t);
  const { page } = there;
  const { page: bobs } = await watch(t, there);
  await page.getByLabel("Ask AI").uncheck();
  await ask(page, "Teh cell");
  await message(bobs, "Teh cell").waitFor();
  assert.equal(await bobs.getByRole("button", { name: "Edit message" }).count(), 0, "only one's own");
  await page.getByRole("button", { name: "Edit message" }).click();
  await page.getByLabel("Edit message").fill("The cell");
  await page.getByRole("button", { name: "Save" }).click();
  await Promise.all([page, bobs].map((each) => message(each, "The cell").filter({ hasText: "edited" }).waitFor()));

  await page.getByRole("button", { name: "Delete message" }).click();
  await page.getByText("Message deleted", { exact: true }).waitFor();
  await page.getByTestId("toast").getByRole("button", { name: "Dismiss" }).click();
  for (const each of [page, bobs]) {
    await each.getByText("Message deleted", { exact: true }).waitFor();
    assert.equal(await message(each, "The cell").count(), 0);
  }
});

test("what is said elsewhere makes a dot at once, which goes when it is read", async (t) => {
  const there = await begin(t);
  const { ada, notebook, page } = there;
  const elsewhere = await ada.conversation(notebook, { title: "Plants" });
  const bob = await server.account("Bob");
  await ada.invite(notebook, bob);
  const [quiet, unread] = [link(page, /^Plants$/), link(page, /^Plants\s*, unread$/)];
  await quiet.waitFor();

  const said = { clientId: "1", content: "Look at this leaf.", ask: false };
  await bob.post(`/api/conversations/${elsewhere}/messages`, said);
  await unread.waitFor();
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole("button", { name: /^Conversations\s*, unread$/ }).click();
  await unread.click();
  await message(page, "Look at this leaf.").waitFor();
  await page.setViewportSize({ width: 1280, height: 800 });
  await quiet.waitFor();
  await page.goto(`${server.url}/n/${notebook}/c/${there.conversation}`);
  await quiet.waitFor();
});

/** A line of Ollama's protocol. */
const line = (message, end = {}) => `${JSON.stringify({ message: { role: "assistant", content: "", ...message }, done: false, ...end })}\n`;

test("a model that thinks is seen to think, what it thinks is not, and an answer that is cut off can be asked again", async (t) => {
  const { page } = await begin(t);
  await provider.script({
    raw: line({ thinking: "secret" }),
    rest: line({ content: "<think>secret</think>It is" }) + line({}, { done: true, done_reason: "length" }),
  });
  await ask(page, "What is it?");
  await page.getByText("Thinking…").waitFor();
  await provider.go();
  const cut = answer(page).filter({ hasText: "It is" });
  await cut.getByRole("note").filter({ hasText: "the model reached its length limit" }).waitFor();
  assert.doesNotMatch(await page.locator("main").innerText(), /secret/);
  await provider.script({ text: "It is 42." });
  await cut.getByRole("button", { name: "Ask again" }).click();
  await answer(page).filter({ hasText: "It is 42." }).waitFor();
  await until("the answer that was cut off is gone", async () => (await page.getByRole("note").count()) === 0);
});

test("a model that stands in no list can be named", async (t) => {
  const { page } = await begin(t);
  await page.getByRole("button", { name: /^Model: / }).click();
  await page.getByLabel("Provider of another model").selectOption("openai");
  await page.getByLabel("Name of another model").fill("scripted:tokens=2");
  await page.getByRole("button", { name: "Use", exact: true }).click();
  await ask(page, "Who are you?");
  await answer(page).filter({ hasText: "w1 w2" }).waitFor();
});
