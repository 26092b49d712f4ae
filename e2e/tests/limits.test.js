// Limits as people and programs meet them.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { PASSWORD } from "../support/account.js";
import { launch, open } from "../support/browser.js";
import { Server } from "../support/server.js";
import { Live } from "../support/socket.js";

const server = await Server.start({ after }, { COLLABRY_LIMIT_MESSAGES: "4", COLLABRY_LIMIT_SIGN_IN: "2" });

async function signIn(page, email, password) {
  await page.getByLabel("Email address").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

test("a message above the limit says how long it waits, and is sent by itself", async () => {
  const browser = await launch({ after });
  const ada = await server.account("Ada");
  const notebook = await ada.notebook("Biology");
  const { page, problems } = await open(browser);
  await page.goto(server.url);
  await signIn(page, ada.user.email, PASSWORD);
  await page.getByText("Biology").first().click();
  await page.getByLabel("Ask AI").uncheck();
  const texts = ["One", "Two", "Three", "Four", "Five"];
  for (const text of texts) {
    await page.getByLabel("Message", { exact: true }).fill(text);
    await page.getByRole("button", { name: "Send", exact: true }).click();
  }
  const waiting = page.getByTestId("outgoing").filter({ hasText: "Five" });
  await waiting.getByText(/^Too many messages at once\. Try again in \d+ seconds\./).waitFor();
  await page.getByTestId("outgoing").first().waitFor({ state: "detached" });
  await page.getByTestId("message").filter({ hasText: "Five" }).waitFor();
  const { conversations } = await ada.get(`/api/notebooks/${notebook}/conversations`);
  const stored = (await ada.messages(conversations[0].id)).filter((message) => message.author.kind === "user");
  assert.deepEqual(stored.map((message) => message.content), texts);
  assert.deepEqual(problems, []);
});

test("whoever guesses passwords is told to wait", async () => {
  const browser = await launch({ after });
  const bob = await server.account("Bob");
  const { page } = await open(browser);
  await page.goto(server.url);
  for (const sentence of [/Wrong email address or password/, /Wrong email address or password/, /Too many attempts to sign in .* in 8 minutes/]) {
    await signIn(page, bob.user.email, "a wrong guess");
    await page.getByRole("alert").filter({ hasText: sentence }).waitFor();
  }
});

test("the official client hears of a refused event in its acknowledgement", async (t) => {
  const cleo = await server.account("Cleo");
  const conversationId = await cleo.conversation(await cleo.notebook());
  const live = await Live.connect(t, cleo);
  for (let sent = 0; sent < 4; sent += 1) await live.send(conversationId, `Number ${sent}`, { ask: false });
  const payload = { conversationId, clientId: "fifth", content: "Number 4", ask: false };
  const { ok, error } = await live.call("message:send", payload);
  assert.deepEqual([ok, error.code], [false, "rate_limited"]);
  assert.ok(error.retryAfter >= 1 && error.retryAfter <= 15, `seconds: ${error.retryAfter}`);
  await live.join(conversationId);
});
