// Reading in the browser: passages, pages, long conversations, paper.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";

import { launch, picture } from "../support/browser.js";
import { PHOTOSYNTHESIS, pdf } from "../support/documents.js";
import { answer, ask, visit } from "../support/page.js";
import { Provider } from "../support/provider.js";
import { Server } from "../support/server.js";
import { until } from "../support/wait.js";

const provider = await Provider.start({ after });
const server = await Server.start({ after }, provider.settings);
const browser = await launch({ after });

const MARKDOWN = `# Photosynthesis

## Light reactions

The light reactions take place in the **thylakoid membranes** of the chloroplast. They split water and release oxygen. Each of them needs light.

| stage | place |
|---|---|
| Calvin cycle | stroma |
`;

/** Its headings are said nowhere else in it. */
const MINUTES = `# Reading group minutes, 12 March

Present: Amara, Jonas, Mei.

## Decisions

- The group meets every second Thursday at 18:00 in the library.
- Jonas brings the microscope to the next meeting.
`;

async function begin(t, ...files) {
  const ada = await server.account("Ada");
  const notebook = await ada.notebook();
  for (const [name, content] of files) await ada.ready((await ada.upload(notebook, name, content)).id);
  const conversation = await ada.conversation(notebook, { title: "Cells" });
  const page = await visit(t, browser, ada, `/n/${notebook}/c/${conversation}`);
  await page.getByLabel("Message", { exact: true }).waitFor();
  return { ada, notebook, conversation, page };
}

const text = (page) => page.getByLabel("Text of the page");

test("Markdown is read as it is meant, with the sentence marked that is cited", async (t) => {
  const { page } = await begin(t, ["notes.md", MARKDOWN]);
  await ask(page, "Where do the light reactions take place in the thylakoid membranes?");
  await answer(page).waitFor();
  await page.getByRole("button", { name: /^Open citation/ }).first().click();
  await text(page).getByRole("heading", { name: "Light reactions" }).waitFor();
  await text(page).getByRole("cell", { name: "stroma" }).waitFor();
  assert.doesNotMatch(await text(page).innerText(), /\*\*|##|\|---/);
  const strong = (await text(page).locator("mark.focus").allInnerTexts()).join("");
  assert.match(strong, /thylakoid membranes/);
  assert.doesNotMatch(strong, /Each of them needs light/, "the strong mark is not the whole passage");
  const weak = (await text(page).locator("mark").allInnerTexts()).join("");
  assert.match(weak, /Each of them needs light/);
  await picture(page, "rendered-source");
});

const sample = async (name) => /** @type {const} */ ([name, await readFile(new URL(`../../ai-engine/tests/samples/${name}`, import.meta.url))]);

test("spreadsheets and documents are read as tables, headings and lists, with the row marked that is cited", async (t) => {
  const { page } = await begin(t, await sample("xlsx-merged-header.xlsx"), await sample("docx-numbering.docx"));
  await ask(page, "What about Plant 2?");
  await answer(page).waitFor();
  await page.getByRole("button", { name: /^Open citation \d+: xlsx-merged-header.xlsx/ }).first().click();
  await text(page).getByRole("heading", { name: "Energy" }).waitFor();
  await text(page).getByRole("columnheader", { name: "Electricity Cost" }).waitFor();
  const rows = await text(page).getByRole("row").evaluateAll((all) => all.map((row) => [...row.cells].map((cell) => cell.textContent)));
  assert.deepEqual(rows.slice(1), [["Plant 1", "100", "20", "50", "9"], ["Plant 2", "200", "41", "70", "12"]]);
  const strong = await text(page).getByTestId("focus").allInnerTexts();
  assert.deepEqual(strong, ["Plant 2", "200", "41", "70", "12"]);

  await page.getByRole("button", { name: "Open docx-numbering.docx" }).click();
  await text(page).getByRole("heading", { name: "Article 2 Fees" }).waitFor();
  await text(page).getByRole("listitem").filter({ hasText: "(ii) for guests, who pay double" }).waitFor();
});

test("what a file says is text, whatever it looks like", async (t) => {
  const hostile = '<img src=x onerror="window.hurt=1"> | <script>window.hurt=1</script>';
  const { page } = await begin(t, ["hostile.csv", `name,value\n"<img src=x onerror=""window.hurt=1"">",<script>window.hurt=1</script>\n[a](javascript:1),2\n`]);
  await page.getByRole("button", { name: "Open hostile.csv" }).click();
  await text(page).getByRole("cell", { name: hostile.split(" | ")[0] }).waitFor();
  await text(page).getByRole("cell", { name: "<script>window.hurt=1</script>" }).waitFor();
  assert.equal(await text(page).locator("img, script, a").count(), 0);
  assert.equal(await page.evaluate(() => window.hurt), undefined);
});

test("a tablet shows a source beside the conversation", async (t) => {
  const { page } = await begin(t, ["notes.md", MARKDOWN]);
  for (const [width, beside] of /** @type {const} */ ([[820, true], [700, false]])) {
    await page.setViewportSize({ width, height: 1100 });
    if (beside) {
      await page.getByRole("button", { name: "Sources", exact: true }).click();
      await page.getByRole("button", { name: "Open notes.md" }).click();
      await text(page).waitFor();
    }
    const free = await page.getByRole("button", { name: "Add files" }).evaluate((button) => {
      const { x, y, width: across, height } = button.getBoundingClientRect();
      return button.contains(document.elementFromPoint(x + across / 2, y + height / 2));
    });
    assert.equal(free, beside, `${width} px`);
    assert.ok(await text(page).isVisible());
  }
});

test("a page is gone to by its number, and turned by keys", async (t) => {
  const pages = Array.from({ length: 12 }, (_, index) => [`This is what stands on page ${index + 1} of the book.`]);
  const { page } = await begin(t, ["book.pdf", pdf(pages)]);
  await page.getByRole("button", { name: "Open book.pdf" }).click();
  const on = (number) => page.getByTestId("page-number").filter({ hasText: `Page ${number} of 12` }).waitFor();
  await on(1);
  const field = page.getByRole("complementary").getByRole("textbox", { name: "Page" });
  await field.fill("9");
  await field.press("Enter");
  await on(9);
  await text(page).filter({ hasText: "page 9 of the book" }).waitFor();
  await field.fill("400");
  await field.press("Enter");
  await on(12);
  await text(page).focus();
  await page.keyboard.press("ArrowLeft");
  await on(11);
  await page.keyboard.press("PageUp");
  await on(10);
  await page.keyboard.press("PageDown");
  await on(11);
  await page.keyboard.press("ArrowRight");
  await on(12);
});

test("each suggestion is answered, also without a language model", async (t) => {
  const { ada, notebook, page } = await begin(t, ["minutes.md", MINUTES], ["notes.md", MARKDOWN], ["plants.md", PHOTOSYNTHESIS]);
  await page.goto(`${server.url}/n/${notebook}/c/new`);
  const suggestions = page.getByRole("list", { name: "Suggested questions" }).getByRole("button");
  await suggestions.first().waitFor();
  const texts = await suggestions.allInnerTexts();
  assert.ok(texts.length >= 2, texts.join());
  for (const suggestion of texts) {
    const conversation = await ada.conversation(notebook);
    const { id } = await ada.post(`/api/conversations/${conversation}/messages`, { clientId: "1", content: suggestion }).then((it) => it.message ?? it);
    const { citations, content } = await ada.answer(conversation, id);
    assert.ok(citations.length > 0 && /^Your sources say/.test(content), `${suggestion}: ${content}`);
  }
  await ask(page, "Warum ist die Banane krumm?");
  await answer(page).getByText("Built-in answers only quote passages that contain your words.").waitFor();
});

test("a long conversation is read further back by scrolling, and only what is near is laid out", async (t) => {
  const { ada, conversation, page } = await begin(t);
  for (let number = 1; number <= 130; number += 1) {
    await ada.post(`/api/conversations/${conversation}/messages`, { clientId: String(number), content: `Message number ${number}.`, ask: false });
  }
  await page.reload();
  await page.getByText("Message number 130.").waitFor();
  const box = page.locator(".messages");
  await until("the beginning is reached by scrolling alone", async () => {
    await box.evaluate((element) => element.scrollTo(0, 0));
    return page.getByText("Message number 1.", { exact: true }).isVisible();
  });
  const skipped = await page.locator(".message-list > li").evaluateAll((rows) => rows.filter((row) => getComputedStyle(row).contentVisibility === "auto").length);
  assert.equal(skipped, 100);
});

test("what is printed is the conversation, all of it, and nothing else", async (t) => {
  const { page } = await begin(t);
  await page.getByRole("button", { name: /^Model:/ }).click();
  await page.getByRole("group", { name: "Models" }).getByRole("button", { name: "scripted", exact: true }).first().click();
  await provider.script({ text: Array.from({ length: 200 }, (_, index) => `Paragraph ${index}.`).join("\n\n") });
  await ask(page, "Tell me all.");
  await answer(page).waitFor();
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.getByLabel("Message", { exact: true }).isVisible(), false);
  assert.equal(await page.getByRole("button", { name: "Add files" }).isVisible(), false);
  const [inView, whole] = await page.evaluate(() => [document.querySelector(".messages").clientHeight, document.querySelector(".message-list").scrollHeight]);
  assert.ok(inView >= whole, `${inView} px of ${whole} px`);
  // Dark on white, also from a dark screen.
  for (const theme of ["", "dark"]) {
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    const colour = await page.evaluate((chosen) => {
      if (chosen !== "") document.documentElement.dataset.theme = chosen;
      return getComputedStyle(document.querySelector(".markdown p")).color;
    }, theme);
    assert.ok(colour.match(/\d+/g).slice(0, 3).every((part) => Number(part) < 100), `${theme}: ${colour}`);
  }
});
