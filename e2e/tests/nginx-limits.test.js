// One address takes no more of nginx than its share.

import assert from "node:assert/strict";
import { test } from "node:test";

import { proxied, raw, text } from "../support/proxy.js";

/** Another person, as far as nginx can tell. */
const ELSEWHERE = { localAddress: "127.0.0.2" };

async function refused(answer) {
  assert.equal(answer.statusCode, 429);
  assert.equal(answer.headers["content-type"], "application/problem+json");
  assert.equal(answer.headers["retry-after"], "1");
  const { code, detail } = JSON.parse(await text(answer));
  assert.equal(code, "rate_limited");
  assert.match(detail, /^There are too many requests or connections from your address\./);
}

test("who has as many requests under way as one address may is refused, and nobody else", async (t) => {
  const { url, upstreams: [upstream] } = await proxied(t, 1, { NGINX_CONNECTIONS_PER_ADDRESS: "3" });
  const answers = [];
  upstream.answer = (_, response) => answers.push(response);
  const under = Array.from({ length: 3 }, () => raw(`${url}/api/wait`));
  while (answers.length < 3) await new Promise(setImmediate);
  await refused(await raw(`${url}/api/wait`));
  upstream.answer = (_, response) => response.end("{}");
  assert.equal((await raw(`${url}/api/x`, ELSEWHERE)).statusCode, 200);
  for (const answer of answers) answer.end("{}");
  for (const answer of await Promise.all(under)) await text(answer);
  assert.equal((await raw(`${url}/api/x`)).statusCode, 200, "and again once they are over");
});

test("who asks more in a second than one address may is refused, and nobody else", async (t) => {
  const { url } = await proxied(t, 1, { NGINX_REQUESTS_PER_SECOND: "1" });
  const answers = await Promise.all(Array.from({ length: 40 }, () => raw(`${url}/api/x`)));
  const over = answers.filter((answer) => answer.statusCode === 429);
  assert.ok(over.length >= 20, `${over.length} of 40`);
  await refused(over[0]);
  assert.equal((await raw(`${url}/api/x`, ELSEWHERE)).statusCode, 200);
});
