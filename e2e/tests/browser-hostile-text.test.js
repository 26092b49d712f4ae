// Texts that are made to hang a browser: they are shown as they were written, and everything else stays on the screen.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { launch } from "../support/browser.js";
import { message, visit } from "../support/page.js";
import { Server } from "../support/server.js";
import { until } from "../support/wait.js";

const server = await Server.start({ after });
const browser = await launch({ after });
const MOST = 16_000;
const fill = (part) => part.repeat(Math.ceil(MOST / part.length)).slice(0, MOST);

const HOSTILE = {
  quotes: fill(">"),
  brackets: fill("["),
  stars: fill("*"),
  parentheses: fill("("),
  lists: Array.from({ length: 170 }, (_, depth) => `${"  ".repeat(depth)}- a`).join("\n").slice(0, MOST),
  "lists in one line": fill("- 1. "),
  "emphasis in emphasis": "*a ".repeat(2_600) + "a* ".repeat(2_600),
  "a table of empty rows": `|${"a|".repeat(2_000)}\n|${"-|".repeat(2_000)}\n${"|\n".repeat(3_900)}`,
  "a table of columns": `|${"a|".repeat(2_600)}\n|${"-|".repeat(2_600)}\n`,
  "a wall of code": `\`\`\`\n${fill("x".repeat(9_000))}`.slice(0, MOST),
  "right to left": fill("\u202e\u0645\u0300"),
};

test("a member's text takes nobody's conversation away", async (t) => {
  const [ada, bob] = [await server.account("Ada"), await server.account("Bob")];
  const notebook = await ada.notebook();
  await ada.invite(notebook, bob, "viewer");
  const conversation = await ada.conversation(notebook);
  const page = await visit(t, browser, ada, `/n/${notebook}/c/${conversation}`);
  await page.getByLabel("Message", { exact: true }).waitFor();
  const say = (who, content) =>
    who.post(`/api/conversations/${conversation}/messages`, { clientId: crypto.randomUUID(), content, ask: false });
  for (const [name, content] of Object.entries(HOSTILE)) {
    await say(bob, content);
    await say(bob, `And after ${name}.`);
    await message(page, `And after ${name}.`).waitFor();
  }
  await page.reload();
  for (const name of Object.keys(HOSTILE)) await message(page, `And after ${name}.`).waitFor();
  // It is not the page's last word either.
  await page.getByRole("checkbox", { name: "Ask AI" }).uncheck();
  await page.getByLabel("Message", { exact: true }).fill("I go on.");
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await message(page, "I go on.").waitFor();
  assert.equal(await page.getByTestId("message").count(), Object.keys(HOSTILE).length * 2 + 1);
});

test("a page that loads reads each list once", async (t) => {
  const ada = await server.account("Ada");
  const notebook = await ada.notebook();
  const conversation = await ada.conversation(notebook);
  const page = await visit(t, browser, ada, `/n/${notebook}/c/${conversation}`);
  await page.getByLabel("Message", { exact: true }).waitFor();
  const asked = [];
  page.on("request", (request) => {
    const { pathname, search } = new URL(request.url());
    if (pathname.startsWith("/api/") && request.method() === "GET") asked.push(pathname + search);
  });
  // What the page before it was still asking for is not counted.
  page.on("framenavigated", () => asked.splice(0));
  await page.reload();
  await page.getByLabel("Message", { exact: true }).waitFor();
  const lists = ["sources", "members", "conversations"].map((list) => `/api/notebooks/${notebook}/${list}`);
  await until("the lists are read", () => ["/api/notebooks", ...lists].every((list) => asked.includes(list)));
  // What comes and goes meanwhile reaches the page, and nothing is read for it.
  await ada.post(`/api/conversations/${conversation}/messages`, { clientId: "one", content: "All is here.", ask: false });
  await message(page, "All is here.").waitFor();
  assert.deepEqual([...new Set(asked)].sort(), [...asked].sort());
});
