// Sources in the browser: added by address, given anew, failed and tried again, deleted.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { launch, picture } from "../support/browser.js";
import { PHOTOSYNTHESIS } from "../support/documents.js";
import { addFiles, answer, ask, choose, chooseFiles, confirm, source, sourceIs, visit } from "../support/page.js";
import { Server } from "../support/server.js";
import { Site } from "../support/site.js";

const RIVERS = `<html><head><title>Rivers of Europe</title></head><body><article><h1>Rivers of Europe</h1>
<p>The Danube rises in the Black Forest and flows through ten countries before it reaches the Black Sea.</p>
<p>The Volga is the longest river of the continent and ends in the Caspian Sea.</p></article></body></html>`;

const site = await Site.start({ after }, RIVERS);
const server = await Server.start({ after }, { COLLABRY_FETCH_ALLOW_PRIVATE: "true" });
const browser = await launch({ after });

/** A new person with a notebook on the screen. */
async function begin(t) {
  const ada = await server.account("Ada");
  const notebook = await ada.notebook();
  return { ada, notebook, page: await visit(t, browser, ada, `/n/${notebook}`) };
}

async function addPage(page, address) {
  await page.getByRole("button", { name: "Add web page" }).click();
  await page.getByLabel("Address").fill(address);
  await page.getByRole("button", { name: "Add page", exact: true }).click();
}

test("a web page is added by its address", async (t) => {
  const { page } = await begin(t);
  await addPage(page, "not an address");
  await page.getByRole("dialog").getByRole("alert").waitFor();
  await confirm(page, "Cancel");
  await page.getByTestId("no-sources").waitFor();

  await addPage(page, site.url);
  await sourceIs(page, "Rivers of Europe", "ready");
  await page.getByRole("button", { name: "Open Rivers of Europe" }).click();
  await page.getByLabel("Text of the page").filter({ hasText: "The Danube rises in the Black Forest" }).waitFor();
});

test("a source that failed says why, rings, and is tried again", async (t) => {
  const { page } = await begin(t);
  site.status = 503;
  t.after(() => (site.status = 200));
  await addPage(page, site.url);
  const failed = page.getByTestId("source").and(page.locator('[data-state="failed"]'));
  await failed.filter({ hasText: "503" }).waitFor();
  await page.getByRole("button", { name: "Notifications, 1 unread" }).click();
  await page.getByRole("dialog", { name: /^Notifications/ }).getByText(/could not be read/).waitFor();
  await picture(page, "source-failed");
  await page.keyboard.press("Escape");

  site.status = 200;
  await failed.getByRole("button", { name: /^Try again/ }).click();
  await sourceIs(page, "Rivers of Europe", "ready");
  assert.equal(await page.getByTestId("source").count(), 1);
});

test("a source says what of it was not read, in its row and above its text", async (t) => {
  const { page } = await begin(t);
  const partly = '<title>Map</title><p>A page with a map in it.</p><iframe src="/map"></iframe>';
  await addFiles(page, ["map.html", "text/html", partly]);
  await sourceIs(page, "map.html", "ready");
  const said = "1 frame of another page was not read.";
  await page.getByTestId("source").getByTestId("not-read").filter({ hasText: said }).waitFor();
  await page.getByRole("button", { name: "Open map.html" }).click();
  await page.getByRole("complementary").getByTestId("not-read").filter({ hasText: said }).waitFor();
});

test("a new version is what is searched, and what was cited before can still be read", async (t) => {
  const { page } = await begin(t);
  await addFiles(page, ["plants.md", "text/markdown", PHOTOSYNTHESIS]);
  await sourceIs(page, "plants.md", "ready");
  const question = "Where does the Calvin cycle take place?";
  await ask(page, question);
  await answer(page).filter({ hasText: "takes place in the stroma" }).waitFor();

  const revised = PHOTOSYNTHESIS.replace("takes place in the stroma", "takes place in the revised stroma");
  const upload = () => choose(page, "Actions for plants.md", "Upload a new version");
  await chooseFiles(page, upload, ["plants-2.md", "text/markdown", revised]);
  await source(page, "version 2").and(page.locator('[data-state="ready"]')).waitFor();
  await ask(page, question);
  await answer(page).filter({ hasText: "in the revised stroma" }).waitFor();

  await page.getByRole("button", { name: /^Open citation/ }).first().click();
  await page.getByTestId("passage").filter({ hasText: "takes place in the stroma" }).waitFor();
});

test("a deleted source goes for everybody, and what was cited says so", async (t) => {
  const { ada, notebook, page } = await begin(t);
  const bob = await server.account("Bob");
  await ada.invite(notebook, bob, "viewer");
  const bobs = await visit(t, browser, bob, `/n/${notebook}`);
  await addFiles(page, ["plants.md", "text/markdown", PHOTOSYNTHESIS]);
  await Promise.all([sourceIs(page, "plants.md", "ready"), sourceIs(bobs, "plants.md", "ready")]);
  await ask(page, "Where does the Calvin cycle take place?");
  const citation = page.getByRole("button", { name: /^Open citation/ }).first();
  await citation.waitFor();

  await choose(page, "Actions for plants.md", "Delete source");
  await Promise.all([page, bobs].map((each) => each.getByTestId("no-sources").waitFor()));
  await citation.click();
  await page.getByRole("alert").filter({ hasText: "the source has been deleted" }).waitFor();
});
