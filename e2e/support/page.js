// A person at the web client.

import assert from "node:assert/strict";

import { PASSWORD } from "./account.js";
import { open } from "./browser.js";

/**
 * A tab in which `account` is signed in; it closes with the test, which fails if the page complained.
 * @param {import("node:test").TestContext} t
 * @param {import("playwright-core").Browser} browser
 * @param {import("./account.js").Account} account
 * @param {string} [path]
 * @param {import("playwright-core").BrowserContextOptions} [options]
 */
export async function visit(t, browser, account, path = "/", options = {}) {
  const page = await arrive(t, browser, options);
  const data = { email: account.user.email, password: PASSWORD };
  const answer = await page.request.post(`${account.url}/api/auth/login`, { data });
  assert.ok(answer.ok(), await answer.text());
  await page.goto(account.url + path);
  return page;
}

/** Like `visit`, without an account and an address. */
export async function arrive(t, browser, options = {}) {
  const { page, problems } = await open(browser, options);
  t.after(async () => {
    await page.context().close();
    assert.deepEqual(problems, []);
  });
  return page;
}

/** @param {import("playwright-core").Page} page @param {string} email */
export async function signIn(page, email) {
  await page.getByLabel("Email address").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

/** Chooses files as a person does; `open` is what opens the file chooser. */
export async function chooseFiles(page, open, ...files) {
  const choosing = page.waitForEvent("filechooser");
  await open();
  await (await choosing).setFiles(files.map(([name, mimeType, text]) => ({ name, mimeType, buffer: Buffer.from(text) })));
}

export const addFiles = (page, ...files) =>
  chooseFiles(page, () => page.getByRole("button", { name: "Add files" }).click(), ...files);

/** The row of a source. */
export const source = (page, name) => page.getByTestId("source").filter({ hasText: name });

/** @param {string} state */
export const sourceIs = (page, name, state) => source(page, name).and(page.locator(`[data-state="${state}"]`)).waitFor();

export async function ask(page, question) {
  await page.getByLabel("Message", { exact: true }).fill(question);
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await message(page, question).last().waitFor();
}

export const message = (page, text) => page.getByTestId("message").filter({ hasText: text });

export const answer = (page, status = "complete") => page.getByTestId("answer").and(page.locator(`[data-status="${status}"]`));

/** Chooses an item of a menu. @param {string} menu the name of its button @param {string} item */
export async function choose(page, menu, item) {
  await page.getByRole("button", { name: menu, exact: true }).click();
  await page.getByRole("menuitem", { name: item, exact: true }).click();
}

/** Presses the button of the dialog that is open, and waits until it is gone. @param {string} action */
export async function confirm(page, action) {
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: action, exact: true }).click();
  await dialog.waitFor({ state: "detached" });
}

export const toast = (page, text) => page.getByTestId("toast").filter({ hasText: text }).waitFor();
