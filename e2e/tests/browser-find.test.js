// Finding one's way in a source in the browser: words in all of it, and its outline.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { assertAccessible } from "../support/axe.js";
import { launch, picture } from "../support/browser.js";
import { PHOTOSYNTHESIS, pdf } from "../support/documents.js";
import { visit } from "../support/page.js";
import { Server } from "../support/server.js";
import { until } from "../support/wait.js";

const server = await Server.start({ after });
const browser = await launch({ after });

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** Pages that all say the same, but for some. */
const book = (count, said) => pdf(Array.from({ length: count }, (_, index) => [`Page number ${index + 1} of the book.`, said[index + 1] ?? "Nothing else."]));

async function open(t, name, content, number = 2, options = {}) {
  const ada = await server.account("Ada");
  const notebook = await ada.notebook("Biology");
  const { id } = await ada.upload(notebook, name, content);
  await ada.ready(id);
  const page = await visit(t, browser, ada, `/n/${notebook}/c/new?source=${id}&page=${number}`, options);
  await page.getByLabel("Text of the page").waitFor();
  return page;
}

const field = (page) => page.getByRole("searchbox", { name: "Find in this source" });
const count = (page, text) => page.getByTestId("find-count").getByText(text, { exact: true }).waitFor();
const on = (page, number) => page.getByTestId("page-number").filter({ hasText: `Page ${number} of` }).waitFor();
const marked = (page) => page.getByTestId("passage").allInnerTexts();

test("words are found on all pages, counted, and gone to one after the other", async (t) => {
  const page = await open(t, "book.pdf", book(12, { 1: "A Zebra.", 3: "The zebra and the ZEBRA.", 9: "No zebra." }));
  await page.getByRole("button", { name: "Find in this source" }).click();
  await page.keyboard.type("zébra");
  await count(page, "4 found");
  await page.keyboard.press("Enter");
  await on(page, 3);
  await count(page, "2 of 4");
  await until("the word is marked", async () => (await marked(page)).join() === "zebra");
  await page.keyboard.press("Enter");
  await until("the next one is marked", async () => (await marked(page)).join() === "ZEBRA");
  await page.getByRole("button", { name: "Next match" }).click();
  await on(page, 9);
  await page.getByRole("button", { name: "Next match" }).click();
  await on(page, 1);
  await count(page, "1 of 4");
  await field(page).press("Shift+Enter");
  await on(page, 9);
  assert.equal(await page.evaluate(() => CSS.highlights.get("sought")?.size), 1, "all on the page are marked a little");
  await assertAccessible(page, "find");
  await picture(page, "find");
  await field(page).fill("unicorn");
  await count(page, "Not found");
  await field(page).press("Escape");
  await field(page).waitFor({ state: "detached" });
  assert.ok(await page.getByLabel("Text of the page").isVisible(), "the source stays open");
});

test("a long source is searched in steps of limited size", async (t) => {
  const page = await open(t, "long.pdf", book(230, { 5: "A zebra.", 225: "One more zebra." }));
  const read = new Set();
  page.on("request", (request) => request.url().includes("/pages/") && read.add(request.url()));
  await page.getByRole("button", { name: "Find in this source" }).click();
  await field(page).fill("zebra");
  await page.getByText("Searched up to page 200 of 230.").waitFor();
  await count(page, "1+ found");
  assert.equal(read.size, 200);
  await page.getByRole("button", { name: "Keep searching" }).click();
  await count(page, "2 found");
  assert.equal(read.size, 230);
});

test("the outline leads to the headings, of Markdown and of a PDF", async (t) => {
  for (const [name, content, heading, place] of [
    ["plants.md", PHOTOSYNTHESIS.repeat(2), "Calvin cycle", "Calvin cycle"],
    ["book.pdf", pdf([["Words and their meaning", "", "A word of this book means what it means in every other book."], ["Fees for boats", "", "Each boat pays a fee in March, and another one in September."]]), "Fees for boats", "Fees for boats"],
  ]) {
    for (const options of [{}, { ...PHONE, colorScheme: /** @type {const} */ ("dark") }]) {
      const page = await open(t, name, content, 1, options);
      await page.getByRole("button", { name: "Outline" }).click();
      const outline = page.getByRole("navigation", { name: "Outline" });
      await outline.getByRole("button", { name: heading }).first().waitFor();
      await assertAccessible(page, `outline of ${name}`);
      await picture(page, `outline-${name}-${options.colorScheme ?? "light"}`);
      await outline.getByRole("button", { name: heading }).first().click();
      await outline.waitFor({ state: "detached" });
      if (name.endsWith(".pdf")) await page.getByLabel("Text of the page").getByRole("heading", { level: 3 }).first().waitFor();
      await assertAccessible(page, `text of ${name}`);
      await until("the heading is marked", async () => (await marked(page)).join("").includes(place));
    }
  }
});
