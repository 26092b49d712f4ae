// The web client for those who see little, use no mouse, or hear the page: each screen, in both themes, wide and narrow.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { assertAccessible } from "../support/axe.js";
import { launch, picture } from "../support/browser.js";
import { MITOSIS_PAGES, PHOTOSYNTHESIS, pdf } from "../support/documents.js";
import { answer, arrive, visit } from "../support/page.js";
import { Provider } from "../support/provider.js";
import { Server } from "../support/server.js";
import { until } from "../support/wait.js";

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const ANSWER = `# Cells

They divide [1].

| phase | what happens |
|---|---|
| anaphase | chromatids part |

\`\`\`js
const cells = 2;
\`\`\`

- [x] read
- [ ] learnt

Thus \\( a^2 \\) and מיטוזה.`;

const provider = await Provider.start({ after });
const server = await Server.start({ after }, { ...provider.settings, COLLABRY_DEFAULT_MODEL: "ollama/scripted" });
const browser = await launch({ after });

/** A notebook with a bit of everything in it. */
const everything = await (async () => {
  const [ada, grace] = [await server.account("Ada"), await server.account("Grace")];
  const notebook = await ada.notebook("Biology, second term");
  await ada.invite(notebook, grace);
  await ada.post(`/api/notebooks/${notebook}/members`, { email: "carol@example.org", role: "viewer" });
  await ada.ready((await ada.upload(notebook, "photosynthesis.md", PHOTOSYNTHESIS)).id);
  await ada.ready((await ada.upload(notebook, "mitosis.pdf", pdf(MITOSIS_PAGES))).id);
  await ada.upload(notebook, "broken.pdf", "%PDF-1.4 nothing of it");
  for (let number = 1; number <= 12; number += 1) await ada.conversation(notebook, { title: `Lesson ${number}` });
  const conversation = await ada.conversation(notebook, { title: "Cells" });
  await grace.post(`/api/conversations/${conversation}/messages`, { clientId: "1", content: "Who has the notes?", ask: false });
  await provider.script({ text: ANSWER });
  const { id } = await ada.post(`/api/conversations/${conversation}/messages`, { clientId: "2", content: "What do cells do in anaphase?" }).then((it) => it.message ?? it);
  await ada.answer(conversation, id);
  return { ada, grace, notebook, conversation, path: `/n/${notebook}/c/${conversation}` };
})();

const chat = async (page) => {
  await answer(page).waitFor();
  // On a phone they are elsewhere.
  await page.getByTestId("source").first().waitFor({ state: "attached" });
};

/** Screen → how to get there from the conversation. */
const SCREENS = {
  conversation: async () => undefined,
  "menu of a conversation": async (page) => {
    await page.getByRole("button", { name: "Notebook actions" }).click();
    await page.getByRole("menu").waitFor();
  },
  members: async (page) => {
    await page.getByRole("button", { name: /^Members/ }).click();
    await page.getByRole("button", { name: /^Role of Grace/ }).click();
    await page.getByRole("menu").waitFor();
  },
  passage: async (page) => {
    await page.getByRole("button", { name: /^Open citation/ }).first().click();
    await page.getByTestId("passage").first().waitFor();
  },
  models: async (page) => {
    await page.getByRole("button", { name: /^Model:/ }).click();
    await page.getByRole("group", { name: "Models" }).waitFor();
  },
  notifications: async (page) => {
    await page.getByRole("button", { name: /^Notifications/ }).click();
    await page.getByRole("dialog").waitFor();
  },
  dialog: async (page) => {
    await page.getByRole("button", { name: "Notebook actions" }).click();
    await page.getByRole("menuitem", { name: "Rename notebook" }).click();
    await page.getByRole("dialog").waitFor();
  },
  "deleted answer": async (page) => {
    await page.getByRole("button", { name: "Delete answer" }).click();
    await page.getByText("Answer deleted", { exact: true }).waitFor();
    await page.getByTestId("toast").getByRole("button", { name: "Undo" }).waitFor();
    await page.getByTestId("toast").getByRole("button", { name: "Undo" }).click();
    await page.getByRole("button", { name: "Delete answer" }).waitFor();
  },
  "edited message": async (page) => {
    await page.getByTestId("message").last().hover();
    await page.getByRole("button", { name: "Edit message" }).click();
    await page.getByRole("textbox", { name: "Edit message" }).waitFor();
  },
};

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  for (const [size, options] of [["wide", {}], ["narrow", PHONE]]) {
    test(`no screen breaks a rule that a program can check: ${colorScheme}, ${size}`, async (t) => {
      const { ada, notebook, path } = everything;
      const page = await visit(t, browser, ada, path, { ...options, colorScheme });
      for (const [screen, show] of Object.entries(SCREENS)) {
        await page.goto(server.url + path);
        await chat(page);
        await show(page);
        await assertAccessible(page, screen);
      }
      if (size === "narrow") {
        for (const tab of ["conversations", "sources"]) {
          await page.goto(`${server.url}${path}?tab=${tab}`);
          await page.getByRole("heading", { level: 2, name: new RegExp(tab, "i") }).first().waitFor();
          await assertAccessible(page, tab);
        }
      }
      await page.goto(`${server.url}/n/${notebook}/c/new`);
      await page.getByTestId("chat-empty").waitFor();
      await assertAccessible(page, "new conversation");
      await page.goto(server.url);
      await page.getByRole("link", { name: /Biology/ }).waitFor();
      await assertAccessible(page, "notebooks");
      await page.getByRole("button", { name: "New notebook" }).click();
      await page.getByRole("dialog").waitFor();
      await assertAccessible(page, "new notebook");
      await page.goto(`${server.url}/join#nothing`);
      await page.getByRole("button", { name: "Join the notebook" }).waitFor();
      await assertAccessible(page, "join");
      const nobodys = await arrive(t, browser, { ...options, colorScheme });
      await nobodys.goto(server.url);
      await nobodys.getByLabel("Email address").waitFor();
      await assertAccessible(nobodys, "sign in");
      await nobodys.getByRole("button", { name: "Create an account" }).click();
      await assertAccessible(nobodys, "create an account");
    });
  }

  test(`fields and what is to be typed in them can be seen: ${colorScheme}`, async (t) => {
    const { ada, path } = everything;
    const page = await visit(t, browser, ada, `${path}?panel=members`, { colorScheme });
    await page.getByLabel("Invite by email").waitFor();
    await chat(page);
    // The focus has a border of its own.
    await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement).blur());
    const faint = await page.evaluate(() => {
      const channel = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
      const rgb = (colour) => colour.match(/[\d.]+/g).map(Number);
      const luminance = (colour) => {
        const [r, g, b] = rgb(colour).map((value) => channel(value / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const contrast = (a, b) => {
        const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
        return (light + 0.05) / (dark + 0.05);
      };
      const ground = (element) => {
        for (let at = element; at !== null; at = at.parentElement) {
          const colour = getComputedStyle(at).backgroundColor;
          if (rgb(colour).length === 3) return colour;
        }
        return "rgb(255, 255, 255)";
      };
      const found = [];
      for (const field of document.querySelectorAll(".composer, input:not([type=checkbox], [type=file]), select, .button.quiet, .role-button")) {
        const border = contrast(getComputedStyle(field).borderTopColor, ground(field.parentElement));
        if (border < 3) found.push(`border of ${field.className || field.id} ${border.toFixed(2)}`);
      }
      for (const field of document.querySelectorAll("textarea, input[placeholder]")) {
        const text = contrast(getComputedStyle(field, "::placeholder").color, ground(field));
        if (text < 4.5) found.push(`placeholder of ${field.id} ${text.toFixed(2)}`);
      }
      return found;
    });
    assert.deepEqual(faint, []);
  });
}

test("at four times the size there is room to read and to write", async (t) => {
  const { ada, path } = everything;
  const page = await visit(t, browser, ada, path, { viewport: { width: 320, height: 256 } });
  await chat(page);
  await picture(page, "reflow");
  const room = await page.evaluate(() => ({
    messages: document.querySelector(".messages").clientHeight,
    sideways: document.documentElement.scrollWidth - innerWidth,
    composer: document.querySelector(".composer").getBoundingClientRect().height,
  }));
  assert.ok(room.sideways <= 0, JSON.stringify(room));
  assert.ok(room.messages >= 110, JSON.stringify(room));
  const send = page.getByRole("button", { name: "Send", exact: true });
  await page.getByLabel("Message", { exact: true }).fill("Hello");
  const [button, field] = await Promise.all([send.boundingBox(), page.locator(".composer").boundingBox()]);
  assert.ok(button.y + button.height <= field.y + field.height + 1, "in its own field");
});

test("a finger finds everything", async (t) => {
  const { ada, path } = everything;
  const page = await visit(t, browser, ada, path, PHONE);
  const screens = { chat: "", sources: "?tab=sources", conversations: "?tab=conversations", members: "?panel=members" };
  for (const [screen, query] of Object.entries(screens)) {
    await page.goto(server.url + path + query);
    if (screen === "chat") await chat(page);
    else if (screen === "members") await page.getByLabel("Invite by email").waitFor();
    else await page.getByRole("list", { name: new RegExp(screen, "i") }).getByRole("listitem").first().waitFor();
    const small = await page.evaluate(() => {
      const found = [];
      for (const target of document.querySelectorAll("button, input:not([type=file]), select, textarea, a:not(.skip)")) {
        const { width, height } = (target.closest("label") ?? target).getBoundingClientRect();
        if (width === 0 || !target.checkVisibility()) continue;
        // References and links within a text have the room of its lines.
        const [wide, high] = target.closest(".markdown, p") === null ? [target.matches(".icon-button, .send") ? 44 : 24, 44] : [24, 24];
        if (width < wide - 0.5 || height < high - 0.5) found.push(`${target.className} ${target.getAttribute("aria-label") ?? target.textContent} ${width}×${height}`);
      }
      return found;
    });
    assert.deepEqual(small, [], screen);
  }
});

test("lists are one stop each, menus are walked by arrows, and messages are headings", async (t) => {
  const { ada, path } = everything;
  const page = await visit(t, browser, ada, path);
  await chat(page);
  const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent.trim());
  const focusedIs = (name) => until(`${name} has the focus`, async () => (await focused()) === name);

  await page.getByRole("link", { name: "Skip to sources" }).focus();
  await page.keyboard.press("Enter");
  await focusedIs("Sources");
  await page.getByRole("link", { name: "Skip to message field" }).focus();
  await page.keyboard.press("Enter");
  await focusedIs("Message");

  const list = page.getByRole("list", { name: "Conversations" });
  assert.equal(await list.locator("a:not([tabindex='-1'])").count(), 1);
  await list.getByRole("link", { name: "Cells" }).focus();
  await page.keyboard.press("ArrowDown");
  await focusedIs("Lesson 12");
  await page.keyboard.press("End");
  await focusedIs("Lesson 1");
  await page.keyboard.press("Tab");
  await focusedIs("Actions for Lesson 1");
  await page.keyboard.press("ArrowDown");
  await focusedIs("Rename");
  await page.keyboard.press("ArrowDown");
  await focusedIs("Delete conversation");
  await page.keyboard.press("ArrowDown");
  await focusedIs("Rename");
  await page.keyboard.press("d");
  await focusedIs("Delete conversation");
  await page.keyboard.press("Escape");
  await focusedIs("Actions for Lesson 1");

  const headings = await page.locator("h1, h2, h3, h4").evaluateAll((all) => all.map((one) => `${one.tagName} ${one.textContent.replace(/\d\d:\d\d.*/, "").trim()}`));
  assert.equal(headings.filter((one) => one.startsWith("H1")).length, 1);
  for (const wanted of ["H2 Cells", "H3 Grace", "H3 You", "H3 Answer", "H4 Cells"]) assert.ok(headings.includes(wanted), `${wanted} in ${headings}`);
  const chip = answer(page).getByRole("button", { name: /^Open citation 1: .+/ });
  assert.ok((await chip.count()) >= 2, "a reference has the same long name in the text and beneath it");
});

test("the focus stays where the work was, when what had it is gone", async (t) => {
  const { ada, notebook } = everything;
  const conversation = await ada.conversation(notebook, { title: "Focus" });
  await ada.post(`/api/conversations/${conversation}/messages`, { clientId: "1", content: "For the members", ask: false });
  const page = await visit(t, browser, ada, `/n/${notebook}/c/${conversation}`);
  const focusIs = (name) =>
    until(`${name} has the focus`, () => page.evaluate((wanted) => (document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent).startsWith(wanted), name));
  const edit = page.getByRole("button", { name: "Edit message" });
  for (const end of ["Escape", "Tab Enter", "Control+A x Tab Tab Enter"]) {
    await edit.focus();
    await page.keyboard.press("Enter");
    await focusIs("Edit message");
    for (const key of end.split(" ")) await page.keyboard.press(key);
    await focusIs("Edit message");
    await edit.waitFor();
  }
  await page.getByRole("button", { name: "Delete message" }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("Message deleted", { exact: true }).waitFor();
  await focusIs("Conversation");
});

test("whoever stops an answer, or asks again, keeps the focus at it and hears what became of it", async (t) => {
  const { ada, notebook } = everything;
  const conversation = await ada.conversation(notebook, { title: "Stops" });
  const page = await visit(t, browser, ada, `/n/${notebook}/c/${conversation}`);
  const inAnswer = (status) => until(`the ${status} answer has the focus`, () => page.evaluate((wanted) => document.activeElement.closest(`[data-status="${wanted}"]`) !== null, status));
  await provider.script({ tokens: 1_000_000, between: 15 });
  await page.getByLabel("Message", { exact: true }).fill("Tell me everything.");
  await page.keyboard.press("Enter");
  await answer(page, "running").filter({ hasText: "w3 " }).waitFor();
  await page.getByRole("button", { name: "Stop answer" }).focus();
  await page.keyboard.press("Enter");
  await answer(page, "stopped").waitFor();
  await inAnswer("stopped");
  await page.getByTestId("announcer").filter({ hasText: "Stopped. The answer is incomplete." }).waitFor({ state: "attached" });
  await provider.script({ text: "All of it." });
  await page.getByRole("button", { name: "Try again" }).focus();
  await page.keyboard.press("Enter");
  await answer(page).filter({ hasText: "All of it." }).waitFor();
  await inAnswer("complete");
});

test("whoever hears the page hears what others say, and not what was said before", async (t) => {
  const { ada, grace, notebook } = everything;
  const conversation = await ada.conversation(notebook, { title: "Heard" });
  const say = (who, content) => who.post(`/api/conversations/${conversation}/messages`, { clientId: content.replace(/\W/g, ""), content, ask: false });
  await say(grace, "Long ago.");
  const page = await visit(t, browser, ada, `/n/${notebook}/c/${conversation}`);
  await page.getByTestId("message").filter({ hasText: "Long ago." }).waitFor();
  const announced = page.getByTestId("announcer");
  assert.equal(await announced.textContent(), "");
  await say(grace, "Who has the notes?");
  await announced.filter({ hasText: "Grace: Who has the notes?" }).waitFor({ state: "attached" });
  await say(ada, "I have.");
  await page.getByTestId("message").filter({ hasText: "I have." }).waitFor();
  assert.equal(await announced.textContent(), "Grace: Who has the notes?");
});
