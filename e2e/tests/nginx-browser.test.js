// The built web client in a real browser, under the headers that nginx adds.

import assert from "node:assert/strict";
import { test } from "node:test";

import { launch, open } from "../support/browser.js";
import { proxied } from "../support/proxy.js";

test("the web client starts, and its policy forbids nothing that it does", async (t) => {
  const { url, upstreams: [upstream] } = await proxied(t);
  upstream.answer = (request, response) => {
    request.resume();
    response.writeHead(401, { "content-type": "application/problem+json" }).end('{"code":"session_expired","status":401}');
  };
  const { page, problems } = await open(await launch(t));
  page.on("console", (message) => message.text().includes("Content Security Policy") && problems.push(message.text()));
  await page.goto(url);
  await page.getByLabel("Password").waitFor();
  assert.deepEqual(problems, []);
  assert.ok(upstream.seen.length > 0, "it asked the api");
});
