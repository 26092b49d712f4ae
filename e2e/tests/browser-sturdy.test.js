// What the client puts up with in the browser: a message that cannot be drawn, a lost cookie, many reloads, other writings,
// and what people have told their systems.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { launch } from "../support/browser.js";
import { PHOTOSYNTHESIS } from "../support/documents.js";
import { arrive, signIn, source, visit } from "../support/page.js";
import { Server } from "../support/server.js";
import { until } from "../support/wait.js";

/** As `docs/configuration.md` gives them. */
const DEFAULTS = {
  ANONYMOUS: "100", SIGN_IN: "5", ACCOUNT: "100", API: "1200", EVENTS: "300", MESSAGES: "60", UPLOADS: "20", CODES: "20", INVITATIONS: "100",
  FLOOD: "100", SOCKETS: "100", SOCKET_EVENTS: "50", CONNECTIONS: "20000", ADDRESS_CONNECTIONS: "1000",
};
const byDefault = Object.fromEntries(Object.entries(DEFAULTS).map(([name, value]) => [`COLLABRY_LIMIT_${name}`, value]));

const server = await Server.start({ after });
const browser = await launch({ after });

const say = (account, conversation, content) => account.post(`/api/conversations/${conversation}/messages`, { clientId: content.replace(/\W/g, "").slice(0, 30) || "1", content, ask: false });

async function begin(title = "Biology", name = "Ada", on = server) {
  const ada = await on.account(name);
  const notebook = await ada.notebook(title);
  const conversation = await ada.conversation(notebook, { title: "Cells" });
  return { ada, notebook, conversation, path: `/n/${notebook}/c/${conversation}` };
}

test("a message that cannot be drawn says so, and takes no other one from the screen", async (t) => {
  const { ada, conversation, path } = await begin();
  for (const text of ["The first one.", "A poisoned one.", "The last one."]) await say(ada, conversation, text);
  const page = await arrive(t, browser);
  await page.routeWebSocket(/socket\.io/, (socket) => {
    const upstream = socket.connectToServer();
    upstream.onMessage((frame) => socket.send(typeof frame === "string" ? frame.replaceAll('"content":"A poisoned one."', '"content":null') : frame));
  });
  await page.goto(server.url);
  await signIn(page, ada.user.email);
  await page.getByRole("link", { name: /^Biology/ }).waitFor();
  await page.goto(server.url + path);
  const rows = page.getByRole("list", { name: "Messages" }).getByRole("listitem");
  await page.getByText("This message can’t be shown.").waitFor();
  await page.getByText("The first one.").waitFor();
  await page.getByText("The last one.").waitFor();
  assert.equal(await rows.count(), 3);
  await say(ada, conversation, "And one more.");
  await page.getByText("And one more.").waitFor();
});

test("a notebook that is reloaded 26 times meets no limit", async (t) => {
  const limited = await Server.start(t, byDefault);
  const { ada, notebook, conversation, path } = await begin("Biology", "Ada", limited);
  for (const name of ["plants.md", "leaves.md"]) await ada.ready((await ada.upload(notebook, name, `${PHOTOSYNTHESIS}${name}`)).id);
  await say(ada, conversation, "All is here.");
  const page = await visit(t, browser, ada, path);
  const refused = [];
  page.on("response", (answer) => answer.status() === 429 && refused.push(answer.url()));
  for (let reload = 1; reload <= 26; reload += 1) {
    await page.reload();
    await page.getByText("All is here.").waitFor();
    await source(page, "leaves.md").waitFor();
    await page.getByRole("button", { name: "Members: 1, here now: 1" }).waitFor();
  }
  assert.deepEqual(refused, []);
  assert.equal(await page.getByTestId("toast").count(), 0);
});

test("a browser that keeps no cookie is told why a reload would sign it out, until that is read", async (t) => {
  const { ada } = await begin();
  const page = await arrive(t, browser);
  await page.goto(server.url);
  await page.route("**/api/auth/cookie", (route) => route.fulfill({ json: { kept: false } }));
  await signIn(page, ada.user.email);
  const notice = page.getByTestId("toast").filter({ hasText: "Your browser did not keep the sign-in, so a reload signs you out." });
  await notice.filter({ hasText: "Allow cookies for this site, and sign in again." }).waitFor();
  await page.clock.install();
  await page.clock.runFor(600_000);
  assert.ok(await notice.isVisible(), "it stays");
  await notice.getByRole("button", { name: "Dismiss" }).click();
  await notice.waitFor({ state: "detached" });
});

test("Arabic and Hebrew are laid out from the right: titles, names, messages, the field and the page of a source", async (t) => {
  const { ada, notebook, conversation, path } = await begin("علم الأحياء", "عادل");
  const rtl = "الخلية هي الوحدة الأساسية للحياة.";
  const { id } = await ada.upload(notebook, "notes.txt", rtl);
  await ada.ready(id);
  const dov = await server.account("דב");
  await ada.invite(notebook, dov);
  await say(dov, conversation, "שלום לכולם.");
  const page = await visit(t, browser, ada, `${path}?source=${id}`);
  const direction = (locator) => locator.first().evaluate((element) => getComputedStyle(element).direction);
  const field = page.getByLabel("Message", { exact: true });
  await field.fill(rtl);
  const text = page.getByLabel("Text of the page");
  await text.filter({ hasText: rtl }).waitFor();
  const message = page.getByTestId("message").filter({ hasText: "שלום" });
  await message.waitFor();
  const parts = { title: page.getByRole("heading", { level: 1 }), field, "the page of a source": text, name: message.locator("strong"), message: message.locator("p") };
  for (const [what, part] of Object.entries(parts)) assert.equal(await direction(part), "rtl", what);
  await field.fill("Latin");
  assert.equal(await direction(field), "ltr");
  await page.goto(server.url);
  assert.equal(await direction(page.getByRole("link", { name: /علم/ }).locator("strong")), "rtl", "the card of a notebook");
});

test("sources that could not be read are not read aloud at each visit", async (t) => {
  const { ada, notebook, path } = await begin();
  for (const name of ["one.pdf", "two.pdf", "three.pdf"]) await ada.upload(notebook, name, `%PDF-1.4 nothing of ${name}`);
  await until("all have failed", async () => (await ada.get(`/api/notebooks/${notebook}/sources`)).sources.every(({ latest }) => latest.state.step === "failed"));
  const page = await visit(t, browser, ada, path);
  const summary = page.getByRole("button", { name: /could not be read/ });
  await summary.waitFor();
  await summary.click();
  await page.getByRole("list", { name: "Files that could not be read or added" }).getByRole("listitem").first().waitFor();
  assert.equal(await page.getByRole("alert").count(), 0);
});

test("without colours of our own the open conversation is outlined, and no other one", async (t) => {
  const { ada, notebook, path } = await begin();
  await ada.conversation(notebook, { title: "Plants" });
  const page = await visit(t, browser, ada, path, { forcedColors: "active" });
  const outline = (name) => page.getByRole("listitem").filter({ has: page.getByRole("link", { name, exact: true }) }).evaluate((row) => getComputedStyle(row).outlineStyle);
  await page.getByRole("link", { name: "Plants", exact: true }).waitFor();
  assert.equal(await outline("Cells"), "solid");
  assert.equal(await outline("Plants"), "none");
  assert.equal(await page.getByRole("link", { name: "Cells", exact: true }).getAttribute("aria-current"), "page");
});

test("whoever wants less motion gets none", async (t) => {
  const { ada, path } = await begin();
  for (const [reducedMotion, moves] of /** @type {const} */ ([["no-preference", true], ["reduce", false]])) {
    const page = await visit(t, browser, ada, path, { reducedMotion });
    await page.getByLabel("Message", { exact: true }).waitFor();
    const seconds = await page.evaluate(() => {
      const spinner = document.body.appendChild(Object.assign(document.createElement("span"), { className: "spinner" }));
      const { animationIterationCount, animationDuration } = getComputedStyle(spinner);
      return animationIterationCount === "infinite" ? Number.parseFloat(animationDuration) : 0;
    });
    assert.equal(seconds > 0.1, moves, reducedMotion);
  }
});
