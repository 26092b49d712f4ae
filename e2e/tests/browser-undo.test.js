// What was deleted comes back: at once, or from the list of what was deleted recently.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { assertAccessible } from "../support/axe.js";
import { launch } from "../support/browser.js";
import { PHOTOSYNTHESIS } from "../support/documents.js";
import { choose, chooseFiles, source, toast, visit } from "../support/page.js";
import { Provider } from "../support/provider.js";
import { Server } from "../support/server.js";

const provider = await Provider.start({ after });
const server = await Server.start({ after }, { ...provider.settings, COLLABRY_DEFAULT_MODEL: "ollama/scripted", COLLABRY_MAX_UPLOAD_MB: "1" });
const browser = await launch({ after });

async function begin(t, options = {}) {
  const ada = await server.account("Ada");
  const notebook = await ada.notebook("Botany");
  await ada.ready((await ada.upload(notebook, "plants.md", PHOTOSYNTHESIS)).id);
  const conversation = await ada.conversation(notebook, { title: "Leaves" });
  await ada.post(`/api/conversations/${conversation}/messages`, { clientId: "1", content: "What is a leaf?", ask: false });
  return { ada, notebook, conversation, page: await visit(t, browser, ada, `/n/${notebook}/c/${conversation}`, options) };
}

const undo = (page) => page.getByTestId("toast").getByRole("button", { name: "Undo" }).click();

/** Unfolds what was deleted recently and brings one back. */
async function restore(page, list, name) {
  const around = list === "notebooks" ? page.getByRole("main") : page.getByRole("region", { name: list === "sources" ? "Sources" : "Conversations", exact: true });
  await around.getByRole("button", { name: "Recently deleted" }).click();
  await page.getByRole("list", { name: `Recently deleted ${list}` }).getByRole("button", { name: `Restore ${name}` }).click();
}

test("a source comes back", async (t) => {
  const { page } = await begin(t);
  const shown = source(page, "plants.md");
  await choose(page, "Actions for plants.md", "Delete source");
  await shown.waitFor({ state: "detached" });
  await undo(page);
  await shown.waitFor();
  await choose(page, "Actions for plants.md", "Delete source");
  await shown.waitFor({ state: "detached" });
  await page.reload();
  await restore(page, "sources", "plants.md");
  await shown.waitFor();
  await page.getByRole("button", { name: "Open plants.md" }).click();
  await page.getByLabel("Text of the page").filter({ hasText: "Calvin cycle" }).waitFor();
});

test("what was deleted recently is shown where there is any", async (t) => {
  const { page } = await begin(t);
  const lists = page.getByRole("button", { name: "Recently deleted" });
  const read = page.waitForResponse((answer) => answer.url().includes("sources?deleted=true"));
  await page.reload();
  await read;
  await source(page, "plants.md").waitFor();
  assert.equal(await lists.count(), 0);
  await choose(page, "Actions for plants.md", "Delete source");
  await lists.waitFor();
  await restore(page, "sources", "plants.md");
  await lists.waitFor({ state: "detached" });
});

test("a menu that is open stays open when the last source goes", async (t) => {
  const { ada, notebook, page } = await begin(t);
  const { sources } = await ada.get(`/api/notebooks/${notebook}/sources`);
  await source(page, "plants.md").waitFor();
  await page.getByRole("button", { name: "Actions for Leaves" }).click();
  const item = page.getByRole("menuitem", { name: "Rename" });
  await item.waitFor();
  await ada.delete(`/api/sources/${sources[0].id}`);
  await source(page, "plants.md").waitFor({ state: "detached" });
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn))));
  assert.ok(await item.isVisible());
});

test("a notice with Undo stays while the pointer or the focus is on it", async (t) => {
  const { page } = await begin(t);
  await page.clock.install();
  const notice = page.getByTestId("toast").filter({ hasText: "“plants.md” was deleted." });
  await choose(page, "Actions for plants.md", "Delete source");
  await notice.hover();
  await page.clock.runFor(60_000);
  await notice.getByRole("button", { name: "Undo" }).focus();
  await page.mouse.move(10, 400);
  await page.clock.runFor(60_000);
  assert.ok(await notice.isVisible());
  await page.getByLabel("Message", { exact: true }).focus();
  await page.clock.runFor(10_000);
  await notice.waitFor({ state: "detached" });
});

test("what was deleted by keyboard comes back by keyboard, and a field keeps its own undoing", async (t) => {
  const { page } = await begin(t);
  const shown = source(page, "plants.md");
  await page.getByRole("button", { name: "Actions for plants.md" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Delete source" }).press("Enter");
  await shown.waitFor({ state: "detached" });
  const field = page.getByLabel("Message", { exact: true });
  await field.pressSequentially("Hello");
  await page.keyboard.press("Control+z");
  await page.locator("#main").focus();
  assert.equal(await shown.count(), 0, "the field has undone its own");
  await page.keyboard.press("Control+z");
  await shown.waitFor();
});

test("what was deleted breaks no rule, with its way back", async (t) => {
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    const { page } = await begin(t, { colorScheme });
    for (const [actions, item] of [["Actions for plants.md", "Delete source"], ["Actions for Leaves", "Delete conversation"]]) await choose(page, actions, item);
    for (const list of ["Conversations", "Sources"]) await page.getByRole("region", { name: list, exact: true }).getByRole("button", { name: "Recently deleted" }).click();
    await page.getByRole("button", { name: "Restore plants.md" }).waitFor();
    await page.getByRole("button", { name: "Restore Leaves" }).waitFor();
    await assertAccessible(page, colorScheme);
  }
});

test("a conversation comes back, and is opened again where it was open", async (t) => {
  const { page } = await begin(t);
  const said = page.getByTestId("message").filter({ hasText: "What is a leaf?" });
  await said.waitFor();
  await choose(page, "Actions for Leaves", "Delete conversation");
  await said.waitFor({ state: "detached" });
  await undo(page);
  await said.waitFor();
  await choose(page, "Actions for Leaves", "Delete conversation");
  await said.waitFor({ state: "detached" });
  await page.reload();
  await restore(page, "conversations", "Leaves");
  await page.getByRole("link", { name: "Leaves", exact: true }).click();
  await said.waitFor();
});

test("a notebook comes back, for its members too", async (t) => {
  const { ada, notebook, page } = await begin(t);
  const bob = await server.account("Bob");
  await ada.invite(notebook, bob);
  const bobs = await visit(t, browser, bob);
  const card = (on) => on.getByRole("link", { name: /^Botany/ });
  await card(bobs).waitFor();
  await choose(page, "Notebook actions", "Delete notebook");
  await toast(page, "“Botany” was deleted.");
  await card(bobs).waitFor({ state: "detached" });
  await undo(page);
  await card(page).waitFor();
  await card(bobs).waitFor();
  await card(page).click();
  await choose(page, "Notebook actions", "Delete notebook");
  await card(bobs).waitFor({ state: "detached" });
  await page.reload();
  await restore(page, "notebooks", "Botany");
  await card(page).click();
  await source(page, "plants.md").waitFor();
});

/** Ada and Bob in a conversation with one question and its answer. */
async function together(t) {
  const there = await begin(t);
  const { ada, notebook, conversation, page } = there;
  const bob = await server.account("Bob");
  await ada.invite(notebook, bob);
  await provider.script({ text: "A part of a plant that drinks." });
  await page.getByLabel("Message", { exact: true }).fill("What is a root?");
  await page.keyboard.press("Enter");
  await page.getByTestId("answer").filter({ hasText: "that drinks" }).waitFor();
  const bobs = await visit(t, browser, bob, `/n/${notebook}/c/${conversation}`);
  await said(bobs, "What is a root?").waitFor();
  return { ...there, bob, bobs };
}

const said = (page, text) => page.getByTestId("message").filter({ hasText: text });

async function removeMessage(page, text) {
  await said(page, text).hover();
  await said(page, text).getByRole("button", { name: "Delete message" }).click();
  await said(page, text).waitFor({ state: "detached" });
}

const notice = (page) => page.getByTestId("toast").filter({ hasText: "Message and its answer deleted." });

const stored = async (account, conversation) => (await account.messages(conversation)).filter(({ deletedAt }) => deletedAt === null).map(({ content }) => content);

test("a message is deleted for everybody when the way back is gone, and not before", async (t) => {
  const { ada, conversation, page, bobs } = await together(t);
  await page.clock.install();
  await removeMessage(page, "What is a root?");
  await page.getByTestId("answer").waitFor({ state: "detached" });
  await notice(page).waitFor();
  assert.deepEqual(await stored(ada, conversation), ["What is a leaf?", "What is a root?", "A part of a plant that drinks."]);
  await undo(page);
  await said(page, "What is a root?").waitFor();
  await page.getByTestId("answer").filter({ hasText: "that drinks" }).waitFor();
  await page.clock.runFor(60_000);
  assert.ok(await said(bobs, "What is a root?").isVisible());

  await removeMessage(page, "What is a root?");
  await page.clock.runFor(10_000);
  for (const on of [page, bobs]) {
    await said(on, "What is a root?").waitFor({ state: "detached" });
    await on.getByText("Message deleted", { exact: true }).waitFor();
    await on.getByText("Answer deleted", { exact: true }).waitFor();
  }
  assert.deepEqual(await stored(ada, conversation), ["What is a leaf?"]);
});

test("whoever leaves the page, or signs out, has deleted what they deleted", async (t) => {
  const { page, bobs } = await together(t);
  await removeMessage(page, "What is a root?");
  await page.reload();
  await page.getByText("Message deleted", { exact: true }).waitFor();
  await said(bobs, "What is a root?").waitFor({ state: "detached" });
  assert.equal(await notice(page).count(), 0);
  await removeMessage(page, "What is a leaf?");
  await choose(page, "Account", "Sign out");
  await said(bobs, "What is a leaf?").waitFor({ state: "detached" });
});

test("what is deleted without a connection is deleted once there is one", async (t) => {
  const { page, bobs } = await together(t);
  const context = page.context();
  await context.setOffline(true);
  await removeMessage(page, "What is a root?");
  await notice(page).getByRole("button", { name: "Dismiss" }).click();
  await page.getByText("Message deleted", { exact: true }).waitFor();
  assert.ok(await said(bobs, "What is a root?").isVisible());
  await context.setOffline(false);
  await said(bobs, "What is a root?").waitFor({ state: "detached" });
  assert.equal(await said(page, "What is a root?").count(), 0);
});

test("what somebody else deletes or edits meanwhile does not come back", async (t) => {
  const { ada, bob, conversation, page, bobs } = await together(t);
  const { id } = (await ada.messages(conversation)).find(({ content }) => content === "What is a root?");
  await removeMessage(page, "What is a root?");
  // It does not go by itself while it is pointed at.
  await notice(page).hover();
  await ada.patch(`/api/conversations/${conversation}/messages/${id}`, { content: "What is the root?" });
  await said(bobs, "What is the root?").waitFor();
  assert.equal(await said(page, "root").count(), 0);
  for (const message of (await ada.messages(conversation)).slice(-2)) await bob.delete(`/api/conversations/${conversation}/messages/${message.id}`);
  await notice(page).waitFor({ state: "detached" });
  assert.equal(await said(page, "root").count(), 0);
});

test("a message that may not be deleted is back, with the reason", async (t) => {
  const { page } = await together(t);
  await page.route("**/messages/*", (route) => (route.request().method() === "DELETE" ? route.fulfill({ status: 403, contentType: "application/problem+json", body: JSON.stringify({ code: "forbidden", detail: "Viewers may not do this." }) }) : route.continue()));
  await removeMessage(page, "What is a leaf?");
  await page.getByTestId("toast").getByRole("button", { name: "Dismiss" }).click();
  await toast(page, "Viewers may not do this.");
  await said(page, "What is a leaf?").waitFor();
});

test("the answer that another one took the place of is a step away", async (t) => {
  const { page } = await begin(t);
  await provider.script({ text: "A first try." }, { text: "A better one." });
  await page.getByLabel("Message", { exact: true }).fill("What is a root?");
  await page.keyboard.press("Enter");
  const answer = page.getByTestId("answer");
  await answer.filter({ hasText: "A first try." }).waitFor();
  await page.getByRole("button", { name: "Regenerate answer" }).click();
  await answer.filter({ hasText: "A better one." }).waitFor();
  for (const step of ["now", "after a reload"]) {
    if (step !== "now") await page.reload();
    await page.getByTestId("version").filter({ hasText: "2 / 2" }).waitFor();
    await page.getByRole("button", { name: "Previous answer" }).click();
    await answer.filter({ hasText: "A first try." }).waitFor();
  }
});

test("a file that is too large is not sent", async (t) => {
  const { notebook, page } = await begin(t);
  const sent = [];
  page.on("request", (request) => request.method() === "POST" && request.url().endsWith(`${notebook}/sources`) && sent.push(request.url()));
  await chooseFiles(page, () => page.getByRole("button", { name: "Add files" }).click(), ["large.txt", "text/plain", "x".repeat(1_100_000)]);
  await page.getByText("This file is larger than 1 MB.").waitFor();
  assert.deepEqual(sent, []);
});

test("what a question was asked of, and how far one has read, is the same on every device", async (t) => {
  const { ada, notebook, conversation, page } = await begin(t);
  const bob = await server.account("Bob");
  await ada.invite(notebook, bob);
  const bobs = await visit(t, browser, bob, `/n/${notebook}/c/${conversation}`);
  await page.getByRole("checkbox", { name: "Use plants.md" }).uncheck();
  await provider.script({ text: "Nothing." });
  await page.getByLabel("Message", { exact: true }).fill("And now?");
  await page.keyboard.press("Enter");
  await bobs.getByText("Asked 0 of 1 sources").waitFor();
  await ada.conversation(notebook, { title: "Elsewhere" });
  const link = (on, name) => on.getByRole("list", { name: "Conversations" }).getByRole("link", { name });
  await link(bobs, /^Elsewhere/).click();
  await ada.post(`/api/conversations/${conversation}/messages`, { clientId: "2", content: "News.", ask: false });
  const second = await visit(t, browser, bob, `/n/${notebook}/c/new`);
  for (const on of [bobs, second]) await link(on, /^Leaves\s*, unread$/).waitFor();
  await link(bobs, /^Leaves/).click();
  await bobs.getByTestId("message").filter({ hasText: "News." }).waitFor();
  await link(second, /^Leaves$/).waitFor();
});

test("a notice covers nothing that is pressed or written in", async (t) => {
  for (const viewport of [{ width: 1280, height: 800 }, { width: 820, height: 1180 }, { width: 390, height: 844 }]) {
    const { page } = await begin(t, { viewport });
    const isFree = async (...controls) => {
      await page.getByTestId("toast").first().waitFor();
      for (const control of controls) {
        const free = await control.first().evaluate((element) => {
          const { x, y, width, height } = element.getBoundingClientRect();
          return element.contains(document.elementFromPoint(x + width / 2, y + height / 2));
        });
        assert.ok(free, `${control} at ${viewport.width} px`);
      }
    };
    const button = (name) => page.getByRole("button", { name });
    await removeMessage(page, "What is a leaf?");
    await isFree(page.getByLabel("Message", { exact: true }), button("Send"), button("Account"), button(/^Members/));
    const narrow = viewport.width < 832;
    if (narrow) await button("Sources").click();
    await choose(page, "Actions for plants.md", "Delete source");
    await isFree(button("Add files"), button("Add web page"), ...(narrow ? [button("Conversations"), button("Chat")] : []));
    await page.getByTestId("toast").filter({ hasText: "plants.md" }).getByRole("button", { name: "Undo" }).click();
    await button("Open plants.md").click();
    await isFree(button("Close source"), button("Find in this source"), button("Outline"));
    await button("Close source").click();
    await choose(page, "Notebook actions", "Delete notebook");
    await isFree(button("New notebook"), button("Join with a code"), button("Account"));
  }
});
