// What is open is in the address: it survives a reload, can be sent to somebody, and Back closes it.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { launch } from "../support/browser.js";
import { MITOSIS_PAGES, pdf } from "../support/documents.js";
import { answer, ask, message, visit } from "../support/page.js";
import { Server } from "../support/server.js";

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const QUESTION = "What do the spindle fibres do during anaphase?";

const server = await Server.start({ after });
const browser = await launch({ after });

/** Ada at a notebook with a source and an answer that cites it. */
async function begin(t, options = {}) {
  const ada = await server.account("Ada");
  const notebook = await ada.notebook();
  await ada.ready((await ada.upload(notebook, "mitosis.pdf", pdf(MITOSIS_PAGES))).id);
  const conversation = await ada.conversation(notebook, { title: "Cells" });
  const page = await visit(t, browser, ada, "/", options);
  await page.getByRole("link", { name: /Biology/ }).click();
  await page.getByLabel("Message", { exact: true }).waitFor();
  await ask(page, QUESTION);
  await answer(page).waitFor();
  return { ada, notebook, conversation, page };
}

const cited = (page) => page.getByRole("button", { name: /^Open citation \d+: mitosis\.pdf, page 2$/ }).first();
const passage = (page) => page.getByTestId("passage").filter({ hasText: "pull the sister chromatids" });
const gone = (locator) => locator.waitFor({ state: "detached" });

test("a passage has an address: Back closes it, a reload keeps it, and another member opens it", async (t) => {
  const { ada, notebook, page } = await begin(t);
  const closed = page.url();
  await cited(page).click();
  await passage(page).waitFor();
  const open = page.url();
  assert.match(open, /[?&]source=.*page=2/);
  await page.goBack();
  await gone(passage(page));
  assert.equal(page.url(), closed);
  await page.goForward();
  await passage(page).waitFor();
  await page.reload();
  await passage(page).waitFor();
  await page.getByRole("button", { name: "Close source" }).click();
  await gone(passage(page));
  assert.equal(page.url(), closed);

  const bob = await server.account("Bob");
  await ada.invite(notebook, bob, "viewer");
  const bobs = await visit(t, browser, bob, open.slice(server.url.length));
  await passage(bobs).waitFor();
  await bobs.getByRole("heading", { name: "mitosis.pdf" }).waitFor();
  await bobs.keyboard.press("Escape");
  await gone(passage(bobs));
  assert.equal(bobs.url(), closed, "whoever came by a link stays at the conversation");
});

test("a page that is turned to is in the address, and the members are, too", async (t) => {
  const { page } = await begin(t);
  await cited(page).click();
  await passage(page).waitFor();
  await page.getByRole("button", { name: "Previous page" }).click();
  await page.getByTestId("page-number").filter({ hasText: "Page 1 of 2" }).waitFor();
  await page.reload();
  await page.getByTestId("page-number").filter({ hasText: "Page 1 of 2" }).waitFor();
  await page.getByRole("button", { name: /^Members/ }).click();
  await page.getByRole("complementary", { name: "Members" }).waitFor();
  await page.reload();
  await page.getByRole("complementary", { name: "Members" }).waitFor();
  await page.goBack();
  await gone(page.getByRole("complementary"));
});

test("what is closed and what is opened in one go do not get into each other's way", async (t) => {
  const { page } = await begin(t);
  const closed = page.url();
  await cited(page).click();
  await passage(page).waitFor();
  await page.evaluate(() => {
    document.querySelector('[aria-label="Close source"]').click();
    document.querySelector(".members-button").click();
  });
  await page.getByRole("complementary", { name: "Members" }).waitFor();
  await gone(passage(page));
  await page.goBack();
  await gone(page.getByRole("complementary"));
  assert.equal(page.url(), closed);
});

test("on a phone Back leads from the source to the list, and from the list to the conversation", async (t) => {
  const { page } = await begin(t, PHONE);
  const tab = (name) => page.getByRole("navigation", { name: "Parts of the notebook" }).getByRole("button", { name });
  await tab("Sources").tap();
  const row = page.getByRole("button", { name: "Open mitosis.pdf" });
  await row.tap();
  const text = page.getByLabel("Text of the page");
  await text.waitFor();
  await page.goBack();
  await gone(text);
  await row.waitFor();
  await page.reload();
  await row.waitFor();
  await page.goBack();
  await message(page, QUESTION).waitFor();
  assert.match(page.url(), /\/c\//);
});

test("an address that leads nowhere says so, in words for people", async (t) => {
  const { notebook, page } = await begin(t);
  const nobodys = "0190a0a0-0000-7000-8000-000000000000";
  for (const [path, title] of [
    [`/n/${notebook}/c/nope`, "Conversation not found"],
    [`/n/${notebook}/c/${nobodys}`, "Conversation not found"],
    ["/n/nope", "Notebook not found"],
    [`/n/${nobodys}`, "Notebook not found"],
    ["/nowhere/at/all", "Page not found"],
  ]) {
    await page.goto(server.url + path);
    await page.getByRole("heading", { name: title }).waitFor();
    assert.ok((await page.title()).startsWith(title), `${path}: ${await page.title()}`);
    const text = await page.locator("body").innerText();
    assert.doesNotMatch(text, /UUID|parsing|invalid|expected|struct/i, path);
    assert.equal(await page.locator("main .spinner").count(), 0, path);
  }
  await page.goto(`${server.url}/n/${notebook}/c/nope`);
  await page.getByRole("link", { name: "Start a new conversation" }).click();
  await page.getByTestId("chat-empty").waitFor();
});

test("an id is the same in any spelling", async (t) => {
  const { notebook, conversation, page } = await begin(t);
  await page.goto(`${server.url}/n/${notebook.toUpperCase()}/c/${conversation.replaceAll("-", "")}`);
  await page.getByRole("heading", { name: "Cells" }).waitFor({ state: "attached" });
  await page.getByLabel("Message", { exact: true }).waitFor();
});

test("a page that a source does not have leads to the source, and a source that is not here says so", async (t) => {
  const { ada, notebook, conversation, page } = await begin(t);
  const { sources: [{ id }] } = await ada.get(`/api/notebooks/${notebook}/sources`);
  const at = `${server.url}/n/${notebook}/c/${conversation}`;
  for (const query of ["page=99", "version=9"]) {
    await page.goto(`${at}?source=${id}&${query}`);
    await page.getByRole("alert").filter({ hasText: "This source has no such page." }).waitFor();
    await page.getByRole("button", { name: "Open the source" }).click();
    await page.getByLabel("Text of the page").filter({ hasText: "Cell division" }).waitFor();
  }
  for (const source of ["nope", "0190a0a0-0000-7000-8000-000000000000"]) {
    await page.goto(`${at}?source=${source}`);
    await page.getByRole("alert").filter({ hasText: "you don’t have access to it" }).waitFor();
  }
});
