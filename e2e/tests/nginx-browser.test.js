// The built web client in a real browser, under the headers that nginx adds.

import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import { test } from "node:test";

import { launch, open } from "../support/browser.js";
import { proxied } from "../support/proxy.js";

function signedOut(asked, answer) {
  asked.resume();
  answer.writeHead(401, { "content-type": "application/problem+json" }).end('{"code":"session_expired","status":401}');
}

test("the web client starts, and its policy forbids nothing that it does", async (t) => {
  const { url, upstreams: [upstream] } = await proxied(t);
  upstream.answer = signedOut;
  const { page, problems } = await open(await launch(t));
  page.on("console", (message) => message.text().includes("Content Security Policy") && problems.push(message.text()));
  await page.goto(url);
  await page.getByLabel("Password").waitFor();
  assert.deepEqual(problems, []);
  assert.ok(upstream.seen.length > 0, "it asked the api");
});

test("below a path, where it cannot work, the page says so", async (t) => {
  const { url, upstreams: [upstream] } = await proxied(t);
  upstream.answer = signedOut;
  // As `location /chat/ { proxy_pass …/; }` of somebody else's nginx.
  const outer = createServer((asked, answer) => {
    const { url: path = "" } = asked;
    if (!path.startsWith("/chat/")) return answer.writeHead(404).end();
    asked.pipe(request(url + path.slice(5), { method: asked.method }, (from) => from.pipe(answer.writeHead(from.statusCode ?? 500, from.headers))));
  });
  t.after(() => {
    outer.close();
    outer.closeAllConnections();
  });
  await new Promise((listening) => outer.listen(0, "127.0.0.1", () => listening(undefined)));
  const { page } = await open(await launch(t));
  await page.goto(`http://127.0.0.1:${outer.address().port}/chat/`);
  await page.getByText("at the root of a host name of its own").waitFor();
  await page.goto(`${url}/`);
  await page.getByLabel("Password").waitFor();
  assert.equal(await page.getByText("at the root of a host name").isVisible(), false, "and where it works it does not");
});
