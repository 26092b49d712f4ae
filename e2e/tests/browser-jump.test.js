// A long conversation in the browser: to its beginning, to a day, and back to the newest message.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { assertAccessible } from "../support/axe.js";
import { launch, picture } from "../support/browser.js";
import { ask, toast, visit } from "../support/page.js";
import { Server } from "../support/server.js";
import { until } from "../support/wait.js";

const server = await Server.start({ after });
const browser = await launch({ after });

const DAY_MS = 24 * 60 * 60_000;
const FIRST_DAY = Date.parse("2026-01-01T12:00:00Z");

/** A conversation of so many messages, and a page that shows its end. */
async function begin(t, count, options = {}) {
  const ada = await server.account("Ada");
  const notebook = await ada.notebook();
  const conversation = await ada.conversation(notebook, { title: "Cells" });
  const say = (number, who = ada) => who.post(`/api/conversations/${conversation}/messages`, { clientId: String(number), content: `Message number ${number}.`, ask: false });
  for (let number = 1; number <= count; number += 1) await say(number);
  const page = await visit(t, browser, ada, `/n/${notebook}/c/${conversation}`, options);
  await line(page, count).waitFor();
  return { ada, notebook, conversation, say, page };
}

const line = (page, number) => page.getByRole("list", { name: "Messages" }).getByText(`Message number ${number}.`, { exact: true });
const box = (page) => page.locator(".messages");
const goTo = (page) => page.getByRole("button", { name: "Go to a date" });

/** The numbers of the messages that the page holds, in its order. */
const numbers = (page) => page.getByTestId("message").evaluateAll((rows) => rows.flatMap((row) => row.textContent.match(/Message number (\d+)/)?.[1] ?? []).map(Number));

/** @param {number[]} list */
const isWithoutHoles = (list) => list.every((number, index) => index === 0 || number === list[index - 1] + 1);

async function isInView(page, number) {
  const [row, area] = await Promise.all([line(page, number).boundingBox(), box(page).boundingBox()]);
  return row !== null && row.y >= area.y && row.y + row.height <= area.y + area.height;
}

async function jumpToBeginning(page) {
  await goTo(page).click();
  await page.getByRole("button", { name: "Beginning of the conversation" }).click();
}

test("the beginning is a step away, and what comes meanwhile is neither lost nor out of place", async (t) => {
  const { ada, notebook, say, page } = await begin(t, 260);
  const bob = await server.account("Bob");
  await ada.invite(notebook, bob);
  await jumpToBeginning(page);
  await until("the first message is in view", () => isInView(page, 1));
  await picture(page, "jump-beginning");
  
  await say(261, bob);
  await page.getByTestId("announcer").filter({ hasText: "Bob: Message number 261." }).waitFor();
  assert.ok((await numbers(page)).at(-1) < 261, "not among the first messages");

  let seen = [];
  await until("scrolling reads on to the newest", async () => {
    await box(page).evaluate((element) => element.scrollTo(0, element.scrollHeight));
    seen = await numbers(page);
    assert.ok(isWithoutHoles(seen), String(seen));
    return seen.at(-1) === 261;
  });
  assert.equal(seen[0], 1);
  await until("it is at the end", async () => {
    // The last page may have come after the last scrolling.
    await box(page).evaluate((element) => element.scrollTo(0, element.scrollHeight));
    return (await page.getByRole("button", { name: "Latest" }).count()) === 0;
  });
  await say(262);
  await until("the newest is followed again", () => isInView(page, 262));
});

test("the newest message is a step back, and so is sending one", async (t) => {
  const { say, page } = await begin(t, 160);
  await jumpToBeginning(page);
  await until("the first message is in view", () => isInView(page, 1));
  await say(161);
  await page.getByRole("button", { name: "Latest" }).click();
  await until("the newest is in view", () => isInView(page, 161));
  await say(162);
  await until("what comes next is, too", () => isInView(page, 162));

  await jumpToBeginning(page);
  await until("the first message is in view", () => isInView(page, 1));
  await page.getByRole("checkbox", { name: "Ask AI" }).uncheck();
  await ask(page, "Message number 163.");
  await until("what is sent is in view", () => isInView(page, 163));
});

test("a day is gone to by keyboard, and read on from in both directions", async (t) => {
  const { page, conversation } = await begin(t, 260, { timezoneId: "UTC" });
  // In place of months in which people talked: history is a message a day.
  await page.route(`**/api/conversations/${conversation}/messages?*`, async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    for (const message of body.messages) message.createdAt = new Date(FIRST_DAY + (message.position - 1) * DAY_MS).toISOString();
    await route.fulfill({ response, json: body });
  });
  await goTo(page).focus();
  await page.keyboard.press("Enter");
  const day = page.getByLabel("Date", { exact: true });
  await day.waitFor();
  await day.fill("2026-04-10");
  await day.press("Enter");
  await until("the message of that day is in view", () => isInView(page, 100));
  await until("the focus is on it", () => line(page, 100).evaluate((text) => document.activeElement.contains(text) && document.activeElement.tagName === "LI"));
  await until("what was before it is read, and it stays in view", async () => (await numbers(page))[0] < 100 && isInView(page, 100));
  await picture(page, "jump-day");
  await until("scrolling up reads back to the beginning", async () => {
    await box(page).evaluate((element) => element.scrollTo(0, 0));
    const seen = await numbers(page);
    assert.ok(isWithoutHoles(seen), String(seen));
    return seen[0] === 1;
  });
  await until("scrolling down reads on to the end", async () => {
    await box(page).evaluate((element) => element.scrollTo(0, element.scrollHeight));
    const seen = await numbers(page);
    assert.ok(isWithoutHoles(seen), String(seen));
    return seen.at(-1) === 260;
  });
});

test("a day on which nothing was written leads to the next one that has messages", async (t) => {
  const { page } = await begin(t, 60, { timezoneId: "UTC" });
  await goTo(page).click();
  const day = page.getByLabel("Date", { exact: true });
  await day.fill("2020-02-29");
  await page.getByRole("button", { name: "Go", exact: true }).click();
  await toast(page, "No messages on 29 Feb 2020.");
  await until("the first message is in view", () => isInView(page, 1));
});

test("a finger finds the way, and no rule is broken", async (t) => {
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    const { page } = await begin(t, 60, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, colorScheme });
    await goTo(page).tap();
    await page.getByLabel("Date", { exact: true }).waitFor();
    for (const target of await page.locator(".conversation-header").locator("button, input").all()) {
      const { width, height } = await target.boundingBox();
      assert.ok(width >= 43.5 && height >= 43.5, await target.evaluate((element) => element.outerHTML));
    }
    await assertAccessible(page, colorScheme);
  }
});
