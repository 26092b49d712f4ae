// Searching the sources of a notebook in the browser.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { assertAccessible } from "../support/axe.js";
import { launch, picture } from "../support/browser.js";
import { MITOSIS_PAGES, PHOTOSYNTHESIS, pdf } from "../support/documents.js";
import { visit } from "../support/page.js";
import { Server } from "../support/server.js";
import { until } from "../support/wait.js";

const server = await Server.start({ after });
const browser = await launch({ after });

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

async function begin(t, options = {}) {
  const ada = await server.account("Ada");
  const notebook = await ada.notebook("Biology");
  for (const [name, content] of [["plants.md", PHOTOSYNTHESIS], ["mitosis.pdf", pdf(MITOSIS_PAGES)]]) await ada.ready((await ada.upload(notebook, name, content)).id);
  const page = await visit(t, browser, ada, `/n/${notebook}/c/new`, options);
  await page.getByLabel("Message", { exact: true }).waitFor();
  return { ada, notebook, page };
}

const field = (page) => page.getByRole("searchbox", { name: "Search in sources" });
const hits = (page) => page.getByRole("list", { name: "Passages found" }).getByRole("button");

async function find(page, query) {
  await field(page).fill(query);
  await field(page).press("Enter");
}

test("a passage is found by its words, marked, opened at its page, and left for the list again", async (t) => {
  const { page } = await begin(t);
  await page.getByRole("button", { name: "Search in sources" }).click();
  await find(page, "spindle chromatids");
  const first = hits(page).first();
  await first.filter({ hasText: "mitosis.pdf" }).filter({ hasText: "p. 2" }).waitFor();
  assert.deepEqual(await first.locator("mark").allInnerTexts(), ["spindle", "chromatids"]);
  await picture(page, "search");
  await first.click();
  await page.getByTestId("page-number").filter({ hasText: "Page 2 of 2" }).waitFor();
  await page.getByTestId("passage").filter({ hasText: "pull the sister chromatids" }).waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Back to search results" }).click();
  await first.waitFor();
  await page.goForward();
  await page.getByTestId("passage").first().waitFor();
  await page.getByRole("button", { name: "Close source" }).click();
  await page.getByRole("complementary").waitFor({ state: "detached" });
});

test("the key / searches, by meaning too, and whoever comes back goes on in the list", async (t) => {
  const { page } = await begin(t);
  await page.locator("#main").focus();
  await page.keyboard.press("/");
  await until("the field has the focus", () => field(page).evaluate((element) => element === document.activeElement));
  await page.keyboard.type("how do plants gain energy from the sun?");
  await page.keyboard.press("Enter");
  const first = hits(page).first();
  await first.filter({ hasText: "plants.md" }).waitFor();
  assert.doesNotMatch(await first.innerText(), /##/);
  await first.focus();
  await page.keyboard.press("Enter");
  await page.getByTestId("passage").first().waitFor();
  await page.goBack();
  await until("what was opened has the focus", () => first.evaluate((element) => element === document.activeElement));
  await page.keyboard.press("Escape");
  await page.getByRole("complementary").waitFor({ state: "detached" });
  const message = page.getByLabel("Message", { exact: true });
  await message.focus();
  await page.keyboard.press("/");
  assert.equal(await message.inputValue(), "/", "in a field it is written");
});

test("a search has an address, and says what it did not find and why", async (t) => {
  const { notebook, page } = await begin(t);
  await page.goto(`${server.url}/n/${notebook}/c/new?panel=search&q=RuBisCO`);
  await hits(page).first().filter({ hasText: "plants.md" }).waitFor();
  await find(page, "zzqx vvkj");
  await page.getByText("No passages found. Try different words.").waitFor();
  assert.equal(await hits(page).count(), 0);
  let refused = true;
  await page.route("**/search", (route) =>
    refused
      ? route.fulfill({ status: 429, headers: { "retry-after": "2" }, contentType: "application/problem+json", body: JSON.stringify({ code: "rate_limited", detail: "Too many requests. Try again in 2 seconds." }) })
      : route.continue(),
  );
  await find(page, "chlorophyll");
  await page.getByRole("alert").filter({ hasText: "Too many requests. Try again in 2 seconds." }).waitFor();
  refused = false;
  await page.getByRole("button", { name: "Try again" }).click();
  await hits(page).first().filter({ hasText: "plants.md" }).waitFor();
  await page.unroute("**/search");
});

test("on a phone a search is a screen of its own, and Back leads from it to the sources", async (t) => {
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    const { page } = await begin(t, { ...PHONE, colorScheme });
    await page.getByRole("button", { name: "Sources", exact: true }).click();
    await page.getByRole("button", { name: "Search in sources" }).click();
    await assertAccessible(page, "an empty search");
    await find(page, "chromosomes");
    await hits(page).first().waitFor();
    await assertAccessible(page, "what was found");
    await picture(page, `search-phone-${colorScheme}`);
    await hits(page).first().click();
    await page.getByTestId("passage").first().waitFor();
    await page.goBack();
    await hits(page).first().waitFor();
    await page.goBack();
    await page.getByRole("button", { name: "Add files" }).waitFor();
  }
});
