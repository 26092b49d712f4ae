// The web client on a phone, by keyboard alone, and from one person to the next.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { PASSWORD } from "../support/account.js";
import { launch, picture } from "../support/browser.js";
import { PHOTOSYNTHESIS } from "../support/documents.js";
import { answer, arrive, ask, choose, signIn, source, visit } from "../support/page.js";
import { Server } from "../support/server.js";
import { until } from "../support/wait.js";

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const QUESTION = "Where does the Calvin cycle take place?";

const server = await Server.start({ after });
const browser = await launch({ after });

/** Somebody whose notebook has a source that is ready. */
async function reader() {
  const ada = await server.account("Ada");
  const notebook = await ada.notebook("Biology, second term");
  await ada.ready((await ada.upload(notebook, "photosynthesis.md", PHOTOSYNTHESIS)).id);
  return { ada, notebook };
}

const passage = (page) => page.getByTestId("passage").filter({ hasText: "takes place in the stroma" });

/** Nothing sticks out at the side. */
async function assertFits(page) {
  const [content, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(content <= screen, `${content} px on a screen of ${screen} px`);
}

test("everything is within reach on a phone", async (t) => {
  const { ada } = await reader();
  const page = await visit(t, browser, ada, "/", PHONE);
  await page.getByRole("link", { name: /Biology/ }).waitFor();
  await assertFits(page);
  await picture(page, "phone-notebooks");
  await page.getByRole("link", { name: /Biology/ }).tap();

  const tab = (name) => page.getByRole("navigation", { name: "Parts of the notebook" }).getByRole("button", { name });
  await tab("Sources").tap();
  await source(page, "photosynthesis.md").waitFor();
  await page.getByRole("button", { name: "Add files" }).waitFor();
  assert.equal(await page.getByLabel("Message", { exact: true }).isVisible(), false);
  await assertFits(page);
  await picture(page, "phone-sources");
  await tab("Chat").tap();
  await ask(page, QUESTION);
  await page.getByRole("button", { name: /^Open citation/ }).first().tap();
  await passage(page).waitFor();
  await assertFits(page);
  await picture(page, "phone-citation");
  await page.getByRole("button", { name: "Close source" }).tap();
  await assertFits(page);
  await picture(page, "phone-chat");

  await tab("Conversations").tap();
  await page.getByRole("link", { name: "New conversation" }).tap();
  await page.getByTestId("chat-empty").waitFor();
  await tab("Conversations").tap();
  await page.getByRole("link", { name: QUESTION }).tap();
  await answer(page).waitFor();
  await page.getByRole("button", { name: /^Members/ }).tap();
  await page.getByLabel("Invite by email").waitFor();
  await assertFits(page);
  await picture(page, "phone-members");
  await page.getByRole("button", { name: "Close members" }).tap();
  await page.getByRole("button", { name: "Notifications" }).tap();
  await page.getByText("No notifications.").waitFor();
  await assertFits(page);
});

const hasFocus = (locator) => locator.evaluate((element) => element === document.activeElement);

/** Presses a key until `locator` has the focus. */
async function reach(page, locator, key = "Tab") {
  for (let presses = 0; presses < 60; presses += 1) {
    if (await hasFocus(locator)) return;
    await page.keyboard.press(key);
  }
  assert.fail(`${locator} cannot be reached with ${key}`);
}

test("sign in, ask and read a citation by keyboard alone", async (t) => {
  const { ada } = await reader();
  const page = await arrive(t, browser);
  await page.goto(server.url);
  await page.getByLabel("Email address").waitFor();
  await reach(page, page.getByLabel("Email address"));
  await page.keyboard.type(ada.user.email);
  await reach(page, page.getByLabel("Password"));
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  const notebook = page.getByRole("link", { name: /Biology/ });
  await notebook.waitFor();
  await reach(page, notebook);
  await page.keyboard.press("Enter");
  const field = page.getByLabel("Message", { exact: true });
  await field.waitFor();
  await reach(page, field);
  await page.keyboard.type(QUESTION);
  await page.keyboard.press("Enter");

  const citation = page.getByRole("button", { name: /^Open citation/ }).first();
  await citation.waitFor();
  await reach(page, citation, "Shift+Tab");
  await page.keyboard.press("Enter");
  await passage(page).waitFor();
  await reach(page, page.getByRole("button", { name: "Close source" }));
  await page.keyboard.press("Escape");
  await passage(page).waitFor({ state: "detached" });
  await until("the focus is back where it was", () => hasFocus(citation));
});

test("a first visit asks for nothing that is refused, and a reload finds the session", async (t) => {
  const page = await arrive(t, browser);
  const refused = [];
  page.on("response", (response) => response.status() >= 400 && refused.push(`${response.status()} ${response.url()}`));
  await page.goto(server.url);
  await page.getByLabel("Email address").waitFor();
  assert.deepEqual(refused, []);
  await signIn(page, (await server.account("Ada")).user.email);
  await page.getByTestId("no-notebooks").waitFor();
  await page.reload();
  await page.getByTestId("no-notebooks").waitFor();
  assert.deepEqual(refused, []);
});

test("who signs out leaves nothing to the next", async (t) => {
  const { ada, notebook } = await reader();
  const page = await visit(t, browser, ada, `/n/${notebook}`);
  const other = await page.context().newPage();
  await other.goto(`${server.url}/n/${notebook}`);
  await Promise.all([page, other].map((tab) => source(tab, "photosynthesis.md").waitFor()));
  await choose(page, "Account", "Sign out");
  await Promise.all([page, other].map((tab) => tab.getByRole("heading", { name: "Sign in" }).waitFor()));
  await page.reload();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();

  const bob = await server.account("Bob");
  await signIn(other, bob.user.email);
  await Promise.all([page, other].map((tab) => tab.getByRole("button", { name: "Account" }).waitFor()));
  await other.getByTestId("no-notebooks").waitFor();
  assert.equal(await other.getByRole("link", { name: /Biology/ }).count(), 0);
});
