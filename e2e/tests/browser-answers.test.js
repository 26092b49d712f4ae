// Answers and their questions in the browser: given anew, edited, deleted, broken off.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { launch } from "../support/browser.js";
import { answer, ask, message, visit } from "../support/page.js";
import { Provider } from "../support/provider.js";
import { Server } from "../support/server.js";
import { until } from "../support/wait.js";

const provider = await Provider.start({ after });
const server = await Server.start({ after }, { ...provider.settings, COLLABRY_DEFAULT_MODEL: "ollama/scripted" });
const browser = await launch({ after });

/** Ada with two questions and their answers on the screen. */
async function begin(t) {
  const ada = await server.account("Ada");
  const notebook = await ada.notebook();
  const conversation = await ada.conversation(notebook, { title: "Cells" });
  for (const [content, text] of [["What is a cell?", "A first try."], ["What is a leaf?", "A part of a plant."]]) {
    await provider.script({ text });
    const { id } = await ada.post(`/api/conversations/${conversation}/messages`, { clientId: content.slice(-5), content }).then((it) => it.message ?? it);
    await ada.answer(conversation, id);
  }
  return { ada, notebook, conversation, page: await visit(t, browser, ada, `/n/${notebook}/c/${conversation}`) };
}

/** What stands in the conversation, from top to bottom. */
const shown = (page) =>
  page.locator(".message-list > li").evaluateAll((rows) => rows.map((row) => row.querySelector(".markdown")?.textContent.trim() ?? row.textContent.trim()));

const is = (page, ...rows) => until(`the conversation is ${rows.join(" | ")}`, async () => JSON.stringify(await shown(page)) === JSON.stringify(rows));

test("an answer that is given anew stays under its question", async (t) => {
  const { page } = await begin(t);
  await answer(page).nth(1).waitFor();
  await provider.script({ text: "A better one." });
  await page.getByRole("button", { name: "Regenerate answer" }).first().click();
  await is(page, "What is a cell?", "A better one.", "What is a leaf?", "A part of a plant.");
  await page.reload();
  await is(page, "What is a cell?", "A better one.", "What is a leaf?", "A part of a plant.");
});

test("a viewer's new answer takes nobody's away: both are there to page through", async (t) => {
  const { ada, notebook, conversation, page } = await begin(t);
  const bob = await server.account("Bob");
  await ada.invite(notebook, bob, "viewer");
  const bobs = await visit(t, browser, bob, `/n/${notebook}/c/${conversation}`);
  await answer(bobs).nth(1).waitFor();
  await provider.script({ text: "A viewer's own." });
  await bobs.getByRole("button", { name: "Regenerate answer" }).first().click();
  for (const each of [page, bobs]) {
    await is(each, "What is a cell?", "A viewer's own.", "What is a leaf?", "A part of a plant.");
    await each.getByTestId("version").filter({ hasText: "2 / 2" }).waitFor();
    await each.getByRole("button", { name: "Previous answer" }).click();
    await is(each, "What is a cell?", "A first try.", "What is a leaf?", "A part of a plant.");
  }
});

test("a question that is edited can be asked again, and says so where it was not", async (t) => {
  const { page } = await begin(t);
  const question = message(page, "What is a cell?");
  await question.hover();
  await question.getByRole("button", { name: "Edit message" }).click();
  await page.getByRole("textbox", { name: "Edit message" }).fill("What is a nucleus?");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  const first = answer(page).first();
  await first.getByText("The message was edited after this answer.").waitFor();

  await provider.script({ text: "The core of a cell." });
  const edited = message(page, "What is a nucleus?");
  await edited.hover();
  await edited.getByRole("button", { name: "Edit message" }).click();
  await page.getByRole("textbox", { name: "Edit message" }).fill("What is the nucleus?");
  await page.getByRole("button", { name: "Save and ask again" }).click();
  await is(page, "What is the nucleus?", "The core of a cell.", "What is a leaf?", "A part of a plant.");
  assert.equal(await page.getByText("The message was edited after this answer.").count(), 0);
});

test("a question takes its answer with it, and brings it back", async (t) => {
  const { page } = await begin(t);
  await message(page, "What is a cell?").hover();
  await message(page, "What is a cell?").getByRole("button", { name: "Delete message" }).click();
  await is(page, "Message deleted", "Answer deleted", "What is a leaf?", "A part of a plant.");
  const notice = page.getByTestId("toast").filter({ hasText: "Message and its answer deleted." });
  await notice.getByRole("button", { name: "Undo" }).click();
  await is(page, "What is a cell?", "A first try.", "What is a leaf?", "A part of a plant.");
  await page.getByRole("button", { name: "Delete answer" }).last().click();
  await is(page, "What is a cell?", "A first try.", "What is a leaf?", "Answer deleted");
});

test("an answer that the server's end broke off can be tried again from where it says so", async (t) => {
  const { page } = await begin(t);
  await provider.script({ tokens: 1_000_000, between: 15 });
  await ask(page, "Tell me everything.");
  await answer(page, "running").filter({ hasText: "w5 " }).waitFor();
  await server.kill();
  await server.run();
  const broken = answer(page, "interrupted");
  await broken.getByText("The connection to the server was lost, so this answer is incomplete.").waitFor();
  await provider.script({ text: "In short." });
  await broken.getByRole("button", { name: "Try again" }).click();
  await answer(page).filter({ hasText: "In short." }).waitFor();
});

test("an edited message's buttons are within reach beside an open panel", async (t) => {
  const { page } = await begin(t);
  await page.getByRole("button", { name: /^Members/ }).click();
  const question = message(page, "What is a cell?");
  await question.hover();
  await question.getByRole("button", { name: "Edit message" }).click();
  const [chat, save] = await Promise.all([page.locator(".chat").boundingBox(), page.getByRole("button", { name: "Save and ask again" }).boundingBox()]);
  assert.ok(save.x >= chat.x && save.x + save.width <= chat.x + chat.width, JSON.stringify({ chat, save }));
  await page.getByRole("button", { name: "Save", exact: true }).click();
});

test("a menu stays open while an answer is written", async (t) => {
  const { page } = await begin(t);
  await provider.script({ tokens: 1_000_000, between: 15 });
  await ask(page, "Tell me everything.");
  await answer(page, "running").filter({ hasText: "w20 " }).waitFor();
  await page.getByRole("button", { name: /^Model:/ }).click();
  const models = page.getByRole("group", { name: "Models" });
  await models.waitFor();
  await answer(page, "running").filter({ hasText: "w500 " }).waitFor();
  assert.ok(await models.isVisible());
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Stop answer" }).click();
});
