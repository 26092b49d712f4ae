// What a person writes and chooses, in the browser: none of it is lost.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { PASSWORD } from "../support/account.js";
import { launch } from "../support/browser.js";
import { PHOTOSYNTHESIS } from "../support/documents.js";
import { answer, ask, choose, message, signIn, source, sourceIs, visit } from "../support/page.js";
import { Provider } from "../support/provider.js";
import { Server } from "../support/server.js";
import { until } from "../support/wait.js";

const provider = await Provider.start({ after });
const server = await Server.start({ after }, provider.settings);
const browser = await launch({ after });

async function begin(t) {
  const ada = await server.account("Ada");
  const notebook = await ada.notebook();
  const conversation = await ada.conversation(notebook, { title: "Cells" });
  const page = await visit(t, browser, ada, `/n/${notebook}/c/${conversation}`);
  await box(page).waitFor();
  return { ada, notebook, conversation, page };
}

const box = (page) => page.getByLabel("Message", { exact: true });
const holds = (page, text) => until(`the field holds “${text}”`, async () => (await box(page).inputValue()) === text);

test("what was begun outlives a reload, and the end of the session, which is explained", async (t) => {
  const { ada, page } = await begin(t);
  await box(page).fill("Half a thought");
  await page.reload();
  await holds(page, "Half a thought");

  await ada.delete("/api/auth/sessions");
  await page.reload();
  await page.getByText("Your session has ended. Sign in again.").waitFor();
  await signIn(page, ada.user.email);
  await holds(page, "Half a thought");

  await choose(page, "Account", "Sign out");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal(await page.getByText("Your session has ended").count(), 0, "whoever signed out knows why");
  const kept = await page.evaluate(() => JSON.stringify(localStorage));
  assert.doesNotMatch(kept, /Half a thought/, "whoever signs out leaves nothing behind");
  assert.ok(PASSWORD);
});

test("Enter that accepts a character of an input method sends nothing", async (t) => {
  const { page } = await begin(t);
  await page.getByRole("checkbox", { name: "Ask AI" }).uncheck();
  await box(page).fill("にほん");
  // As Safari says it.
  await box(page).evaluate((field) => {
    const event = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, keyCode: 229, which: 229 });
    field.dispatchEvent(event);
  });
  assert.equal(await box(page).inputValue(), "にほん");
  await box(page).press("Enter");
  await message(page, "にほん").waitFor();
  assert.equal(await page.getByTestId("message").count(), 1);
});

test("the model that was chosen answers in the next conversation, too", async (t) => {
  const { page } = await begin(t);
  const model = page.getByRole("button", { name: "Model: scripted" });
  await page.getByRole("button", { name: /^Model:/ }).click();
  await page.getByRole("group", { name: "Models" }).getByRole("button", { name: "scripted", exact: true }).first().click();
  await model.waitFor();
  await page.getByRole("link", { name: "New conversation" }).click();
  await model.waitFor();
  await page.reload();
  await model.waitFor();
});

test("each conversation keeps its choice of sources, and a question says what it was asked of", async (t) => {
  const { ada, notebook, conversation, page } = await begin(t);
  for (const name of ["plants.md", "other.md"]) await ada.ready((await ada.upload(notebook, name, `${PHOTOSYNTHESIS}\n\n${name}`)).id);
  await Promise.all(["plants.md", "other.md"].map((name) => sourceIs(page, name, "ready")));
  const tick = (name) => page.getByRole("checkbox", { name: `Use ${name}` });
  await tick("other.md").uncheck();
  await page.reload();
  await source(page, "other.md").waitFor();
  assert.equal(await tick("other.md").isChecked(), false);
  await ask(page, "Where does the Calvin cycle take place?");
  await message(page, "Where does").getByText("Asked 1 of 2 sources").waitFor();
  await answer(page).waitFor();
  await page.reload();
  await message(page, "Where does").getByText("Asked 1 of 2 sources").waitFor();

  await page.getByRole("link", { name: "New conversation" }).click();
  await page.getByTestId("chat-empty").waitFor();
  await until("a new conversation is asked of everything", () => tick("other.md").isChecked());
  await tick("plants.md").uncheck();
  await page.goto(`${server.url}/n/${notebook}/c/${conversation}`);
  await until("the first one is as it was", async () => (await tick("plants.md").isChecked()) && !(await tick("other.md").isChecked()));
});

test("a file that is pasted is a source, and a pasted text is a text", async (t) => {
  const { page } = await begin(t);
  await box(page).focus();
  const paste = (kind) => page.evaluate((what) => {
    const clipboardData = new DataTransfer();
    if (what === "file") clipboardData.items.add(new File(["The Danube rises in the Black Forest."], "rivers.txt", { type: "text/plain" }));
    else clipboardData.setData("text/plain", "words");
    return document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, kind);
  assert.equal(await paste("text"), true, "left to the browser");
  assert.equal(await paste("file"), false);
  await sourceIs(page, "rivers.txt", "ready");
});

test("a notice does not cover what is written next", async (t) => {
  const { page } = await begin(t);
  await page.getByRole("checkbox", { name: "Ask AI" }).uncheck();
  await ask(page, "Hello");
  await page.context().grantPermissions(["clipboard-write"], { origin: server.url });
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    await page.setViewportSize({ width, height });
    await message(page, "Hello").hover();
    await page.getByRole("button", { name: "Copy message" }).click();
    const toast = page.getByTestId("toast").last();
    await toast.waitFor();
    const [note, composer] = await Promise.all([toast.boundingBox(), page.locator(".composer").boundingBox()]);
    const apart = note.y + note.height < composer.y || note.x + note.width < composer.x;
    assert.ok(apart, JSON.stringify({ note, composer }));
  }
});

test("a notebook that was on the screen a moment ago is there again without a connection", async (t) => {
  const { page } = await begin(t);
  await page.getByRole("checkbox", { name: "Ask AI" }).uncheck();
  await ask(page, "Remember me");
  await page.getByTestId("outgoing").waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Collabry, all notebooks" }).click();
  await page.getByRole("heading", { name: "Notebooks" }).waitFor();
  await server.kill();
  await page.getByTestId("connection").filter({ hasText: "Reconnecting" }).waitFor();
  await page.getByRole("link", { name: /Biology/ }).click();
  await message(page, "Remember me").waitFor();
  assert.equal(await page.getByTestId("toast").count(), 0, "the banner says it");
  await server.run();
  await page.getByTestId("connection").filter({ hasNotText: "Reconnecting" }).waitFor({ state: "attached" });
});
