// The main job in a browser, through a crash of the server.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { launch, open, picture } from "../support/browser.js";
import { MITOSIS_PAGES, PHOTOSYNTHESIS, pdf } from "../support/documents.js";
import { addFiles, answer, ask, sourceIs } from "../support/page.js";
import { Provider } from "../support/provider.js";
import { Server } from "../support/server.js";

const provider = await Provider.start({ after });
const server = await Server.start({ after }, provider.settings);
const browser = await launch({ after });

/** Makes an account and a notebook by hand. */
async function begin(name) {
  const { page, problems } = await open(browser);
  await page.goto(server.url);
  await page.getByRole("button", { name: "Create an account" }).click();
  await page.getByLabel("Email address").fill(`${name.toLowerCase()}@example.org`);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("button", { name: "Create your first notebook" }).click();
  await page.getByLabel("Title").fill("Biology, second term");
  await page.getByRole("button", { name: "Create notebook" }).click();
  await page.getByTestId("no-sources").waitFor();
  return { page, problems };
}

test("upload, ask, follow a citation", async () => {
  const { page, problems } = await begin("Ada");
  /** Every state that the page showed of a source, in order. */
  await page.evaluate(() => {
    globalThis.seen = [];
    new MutationObserver(() => {
      for (const row of document.querySelectorAll('[data-testid="source"]')) globalThis.seen.push(row.getAttribute("data-state"));
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
  });
  await addFiles(
    page,
    ["photosynthesis.md", "text/markdown", PHOTOSYNTHESIS],
    ["mitosis.pdf", "application/pdf", pdf(MITOSIS_PAGES)],
  );
  await Promise.all([sourceIs(page, "photosynthesis.md", "ready"), sourceIs(page, "mitosis.pdf", "ready")]);
  const seen = new Set(await page.evaluate(() => globalThis.seen));
  assert.ok(seen.size > 1 && seen.has("ready"), `progress is shown: ${[...seen]}`);

  await ask(page, "What do the spindle fibres do during anaphase?");
  const answered = answer(page).filter({ hasText: "sister chromatids" });
  await answered.waitFor();
  await page.getByRole("button", { name: /^Open citation \d+: mitosis\.pdf, page 2$/ }).first().click();
  const passage = page.getByTestId("passage");
  await passage.filter({ hasText: "pull the sister chromatids to opposite poles" }).waitFor();
  assert.match(await page.getByTestId("page-number").innerText(), /2 of 2/);
  await picture(page, "citation");

  await page.reload();
  await answered.waitFor();
  assert.deepEqual(problems, []);
});

test("the page watches an answer come, and recovers by itself when the server is killed", async () => {
  const { page, problems } = await begin("Grace");
  await page.getByRole("button", { name: /^Model:/ }).click();
  await page.getByRole("group", { name: "Models" }).getByRole("button", { name: "scripted", exact: true }).first().click();
  await provider.script({ tokens: 1_000_000, between: 15 });
  await ask(page, "Tell me everything.");
  const running = page.getByTestId("answer").and(page.locator('[aria-busy="true"]'));
  await running.filter({ hasText: "w30 " }).waitFor();
  await picture(page, "streaming");

  await server.kill();
  await page.getByTestId("connection").filter({ hasText: "Reconnecting" }).waitFor();
  const shown = await page.getByTestId("answer").innerText();
  const words = shown.match(/w\d+/g);
  await picture(page, "reconnecting");
  await page.getByLabel("Message", { exact: true }).fill("Are you back?");
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByTestId("outgoing").filter({ hasText: "Are you back?" }).waitFor();
  await provider.script({ text: "Yes, and with all that you saw." });

  await server.run();
  const interrupted = answer(page, "interrupted");
  await interrupted.filter({ hasText: words.at(-1) }).waitFor();
  const kept = (await interrupted.innerText()).match(/w\d+/g);
  assert.deepEqual(kept, kept.map((_, index) => `w${index + 1}`), "no gap, no repetition");
  assert.ok(kept.length >= words.length);
  await answer(page).filter({ hasText: "Yes, and with all that you saw." }).waitFor();
  assert.equal(await page.getByTestId("message").filter({ hasText: "Are you back?" }).count(), 1, "sent once");
  await page.getByTestId("connection").filter({ hasNotText: "Reconnecting" }).waitFor({ state: "attached" });
  await picture(page, "recovered");
  assert.deepEqual(problems, []);
});
