// The lists of a notebook in the browser: what is long stays usable, what fails keeps out of the way.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { launch, picture } from "../support/browser.js";
import { addFiles, arrive, ask, chooseFiles, confirm, signIn, source, sourceIs, visit } from "../support/page.js";
import { Server } from "../support/server.js";
import { until } from "../support/wait.js";

const server = await Server.start({ after });
const browser = await launch({ after });

async function begin(t, path = "") {
  const ada = await server.account("Ada");
  const notebook = await ada.notebook();
  return { ada, notebook, page: await visit(t, browser, ada, `/n/${notebook}${path}`) };
}

const conversations = (page) => page.getByRole("list", { name: "Conversations" });

test("with many conversations the sources are on the screen, and a conversation is found", async (t) => {
  const { ada, notebook, page } = await begin(t);
  for (let number = 1; number <= 40; number += 1) await ada.conversation(notebook, { title: `Lesson ${number}` });
  await page.reload();
  await conversations(page).getByRole("link", { name: "Lesson 40", exact: true }).waitFor();
  await picture(page, "many-conversations");
  const add = await page.getByRole("button", { name: "Add files" }).boundingBox();
  assert.ok(add.y + add.height < 800, JSON.stringify(add));
  await page.getByLabel("Find a conversation").fill("lesson 17");
  await until("only what is sought is listed", async () => (await conversations(page).getByRole("link").count()) === 1);
  await conversations(page).getByRole("link", { name: "Lesson 17" }).click();
  await page.getByRole("heading", { name: "Lesson 17" }).waitFor({ state: "attached" });
  // Also far down the list the one that is open is in sight.
  const { conversations: all } = await ada.get(`/api/notebooks/${notebook}/conversations?q=lesson+2&limit=200`);
  await page.goto(`${server.url}/n/${notebook}/c/${all.find(({ title }) => title === "Lesson 2").id}`);
  const open = conversations(page).getByRole("link", { name: "Lesson 2", exact: true });
  await open.waitFor();
  const list = await page.getByRole("region", { name: "Conversations" }).boundingBox();
  await until("the open conversation is in sight", async () => (await open.boundingBox()).y < list.y + list.height);
});

test("the conversation in which something was said last comes first, also after a reload", async (t) => {
  const { ada, notebook, page } = await begin(t);
  const first = await ada.conversation(notebook, { title: "First" });
  await ada.conversation(notebook, { title: "Second" });
  const order = (...titles) => until(`the order is ${titles}`, async () => {
    const shown = await conversations(page).getByRole("link").allInnerTexts();
    return JSON.stringify(shown.map((text) => text.split("\n")[0].trim())) === JSON.stringify(titles);
  });
  await order("Second", "First");
  await ada.post(`/api/conversations/${first}/messages`, { clientId: "1", content: "Something new", ask: false });
  await order("First", "Second");
  await page.reload();
  await order("First", "Second");
});

test("another device does not call everything unread", async (t) => {
  const { ada, notebook, page } = await begin(t);
  const conversation = await ada.conversation(notebook, { title: "Plants" });
  await page.goto(`${server.url}/n/${notebook}/c/${conversation}`);
  await ask(page, "By myself");
  await ada.conversation(notebook, { title: "Animals" });
  const other = await visit(t, browser, ada, `/n/${notebook}/c/new`);
  await conversations(other).getByRole("link", { name: "Plants", exact: true }).waitFor();
  // Where it is open it would be read at once.
  await page.goto(server.url);
  await page.getByRole("heading", { name: "Notebooks" }).waitFor();
  await ada.post(`/api/conversations/${conversation}/messages`, { clientId: "2", content: "From elsewhere", ask: false });
  await conversations(other).getByRole("link", { name: /^Plants\s*, unread$/ }).waitFor();
});

test("a source that cannot be read is replaced or removed, and not searched", async (t) => {
  const { page } = await begin(t);
  await addFiles(page, ["broken.pdf", "application/pdf", "%PDF-1.4 nothing of it"], ["notes.md", "text/markdown", "Cells divide."]);
  await sourceIs(page, "broken.pdf", "failed");
  await sourceIs(page, "notes.md", "ready");
  const failed = source(page, "broken.pdf");
  assert.equal(await failed.getByRole("checkbox").count(), 0);
  assert.equal(await failed.getByRole("button", { name: /Try again/ }).count(), 0, "the same bytes fail again");
  await failed.getByRole("button", { name: "Replace broken.pdf" }).waitFor();
  const group = page.getByRole("button", { name: "1 source could not be read" });
  await group.waitFor();
  // It has been said: the next time it is one line.
  await page.reload();
  await group.waitFor();
  assert.equal(await failed.count(), 0);
  await group.click();
  await failed.getByRole("button", { name: "Remove broken.pdf" }).click();
  await failed.waitFor({ state: "detached" });
});

test("the same file twice is a question, not two sources", async (t) => {
  const { ada, notebook, page } = await begin(t);
  const names = async () => (await ada.get(`/api/notebooks/${notebook}/sources`)).sources.map(({ name, latest }) => `${name} ${latest.version}`);
  await addFiles(page, ["notes.md", "text/markdown", "One."]);
  await sourceIs(page, "notes.md", "ready");
  const again = async (text, action) => {
    await addFiles(page, ["notes.md", "text/markdown", text]);
    await page.getByRole("dialog", { name: "This file is already here" }).waitFor();
    await confirm(page, action);
  };
  await again("Two.", "Skip");
  await again("Three.", "Replace");
  await source(page, "version 2").waitFor();
  assert.deepEqual(await names(), ["notes.md 2"]);
  await again("Four.", "Keep both");
  await until("both are there", async () => (await page.getByTestId("source").count()) === 2);
});

test("many files have a summary on the screen, can be cancelled, and what failed is still told after a reload", async (t) => {
  const { ada, notebook, page } = await begin(t);
  for (let number = 1; number <= 12; number += 1) await ada.upload(notebook, `old ${number}.md`, `Text ${number}.`);
  await page.reload();
  await source(page, "old 12.md").waitFor();
  // None arrives until it is let through.
  const held = [];
  await page.route(`**/api/notebooks/${notebook}/sources`, (route) => (route.request().method() === "POST" ? held.push(route) : route.continue()));
  const files = Array.from({ length: 20 }, (_, index) => [`new ${index + 1}.md`, "text/markdown", `New text ${index}.`]);
  await addFiles(page, ...files);
  const summary = page.getByTestId("upload-summary");
  await summary.filter({ hasText: "Adding 20 files · 0 done" }).waitFor();
  const place = await summary.boundingBox();
  assert.ok(place.y + place.height < 800, JSON.stringify(place));
  await until("two are on their way", () => held.length === 2);
  await page.getByRole("button", { name: "Cancel upload of new 20.md" }).click();
  await summary.filter({ hasText: "Adding 19 files" }).waitFor();
  // As a proxy on the way refuses it.
  await held[0].fulfill({ status: 413, contentType: "text/html", body: "<h1>413 Request Entity Too Large</h1>" });
  await page.getByText("The file is too large for a proxy in front of this server (413).").waitFor();
  await summary.filter({ hasText: "1 failed" }).waitFor();
  await summary.getByRole("button", { name: "Cancel all" }).click();
  const group = page.getByRole("button", { name: "1 file was not added" });
  await group.waitFor();
  assert.equal(await page.getByRole("button", { name: /^Try again/ }).count(), 0, "the same file is as large again");
  await page.reload();
  await group.click();
  await page.getByText("The file is too large for a proxy in front of this server (413).").waitFor();
  await page.getByRole("button", { name: /^Dismiss/ }).click();
  await page.getByText("The file is larger").waitFor({ state: "detached" });
  assert.equal((await ada.get(`/api/notebooks/${notebook}/sources`)).sources.length, 12);
});

test("a choice of role is explicit, and can be undone", async (t) => {
  const { ada, notebook, page } = await begin(t);
  const grace = await server.account("Grace");
  await ada.invite(notebook, grace, "editor");
  const roleOf = async () => (await ada.get(`/api/notebooks/${notebook}/members`)).members.find(({ user }) => user.id === grace.id).role;
  await page.getByRole("button", { name: /^Members/ }).click();
  const role = page.getByRole("button", { name: /^Role of Grace/ });
  await role.focus();
  await page.keyboard.press("ArrowUp");
  await page.getByRole("menu").waitFor();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Escape");
  assert.equal(await roleOf(), "editor", "to look at the choices changes nothing");
  await role.click();
  await page.getByRole("menuitemradio", { name: "Viewer" }).click();
  const toast = page.getByTestId("toast").filter({ hasText: "Grace is now a viewer." });
  await toast.waitFor();
  assert.equal(await roleOf(), "viewer");
  await toast.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("button", { name: "Role of Grace: Editor" }).waitFor();
  assert.equal(await roleOf(), "editor");
});

test("whoever signs in and opens a notebook has each list read once", async (t) => {
  const ada = await server.account("Ada");
  const notebook = await ada.notebook();
  const conversation = await ada.conversation(notebook, { title: "Cells" });
  const page = await arrive(t, browser);
  const asked = [];
  page.on("request", (request) => {
    const { pathname, search } = new URL(request.url());
    if (pathname.startsWith("/api/") && !pathname.startsWith("/api/auth/") && request.method() === "GET") asked.push(pathname + search);
  });
  await page.goto(server.url);
  await signIn(page, ada.user.email);
  await page.getByRole("link", { name: /Biology/ }).click();
  await conversations(page).getByRole("link", { name: "Cells" }).waitFor();
  const lists = ["sources", "members", "conversations"].map((list) => `/api/notebooks/${notebook}/${list}`);
  await until("the lists are read", () => ["/api/notebooks", ...lists].every((list) => asked.includes(list)));
  // What is said meanwhile reaches the page, and nothing is read for it.
  await ada.post(`/api/conversations/${conversation}/messages`, { clientId: "1", content: "All is here.", ask: false });
  await page.getByText("All is here.").waitFor();
  assert.deepEqual([...asked].sort(), [...new Set(asked)].sort());
});

test("a read that is asked to wait waits, and nobody is told", async (t) => {
  const { ada, notebook, page } = await begin(t);
  await ada.upload(notebook, "notes.md", "Cells divide.");
  await page.goto(server.url);
  let refused = 0;
  await page.route(`**/api/notebooks/${notebook}/sources`, (route) => {
    refused += 1;
    if (refused > 1) return route.continue();
    const body = JSON.stringify({ code: "rate_limited", detail: "Too many requests. Try again in 1 second." });
    return route.fulfill({ status: 429, contentType: "application/problem+json", headers: { "retry-after": "1" }, body });
  });
  await page.getByRole("link", { name: /Biology/ }).click();
  await source(page, "notes.md").waitFor();
  assert.ok(refused >= 2);
  assert.equal(await page.getByTestId("toast").count(), 0);
});

test("the tab says how much is unread", async (t) => {
  const { ada, notebook, page } = await begin(t, "/c/new");
  const conversation = await ada.conversation(notebook, { title: "Plants" });
  await conversations(page).getByRole("link", { name: "Plants", exact: true }).waitFor();
  assert.match(await page.title(), /^New conversation · Biology · Collabry$/);
  await ada.post(`/api/conversations/${conversation}/messages`, { clientId: "1", content: "Look", ask: false });
  await until("the title counts it", async () => (await page.title()).startsWith("(1) "));
  await conversations(page).getByRole("link", { name: /Plants/ }).click();
  await until("it is read", async () => (await page.title()) === "Plants · Biology · Collabry");
});

test("a new notebook begins with its files, chosen where there is room, under their own names", async (t) => {
  const { page } = await begin(t);
  const add = page.getByRole("button", { name: "Add files" });
  await add.waitFor();
  await until("the first thing to do has the focus", () => add.evaluate((button) => button === document.activeElement));
  await chooseFiles(page, () => page.getByRole("button", { name: "Choose files" }).click(), ["abc\u202egpj.txt", "text/plain", "Cells divide."]);
  await sourceIs(page, "abcgpj.txt", "ready");
});
