// Who may connect, and for how long.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, test } from "node:test";

import { Server } from "../support/server.js";
import { Live } from "../support/socket.js";

const SECRET = "a secret of the tests, long enough to be one";

const server = await Server.start({ after }, { COLLABRY_JWT_SECRET: SECRET });

/** An access token with other claims, signed with `secret`. */
function forged(token, claims, secret) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const original = JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
  const signed = `${encode({ typ: "JWT", alg: "HS256" })}.${encode({ ...original, ...claims })}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

test("only a valid token connects, and the refusal says why", async (t) => {
  const ada = await server.account("Ada");
  const past = Math.floor(Date.now() / 1000) - 60;
  const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${ada.token.split(".")[1]}.`;
  for (const [token, code] of [
    [undefined, "token_missing"],
    ["", "token_invalid"],
    ["nonsense", "token_invalid"],
    [unsigned, "token_invalid"],
    [forged(ada.token, {}, "another secret, also long enough to be one"), "token_invalid"],
    [forged(ada.token, { sub: crypto.randomUUID() }, SECRET), "token_invalid"],
    [forged(ada.token, { exp: past }, SECRET), "token_expired"],
  ]) {
    const live = Live.open(t, server.url, () => token);
    assert.equal(await live.next("connect_error"), code, String(token));
    assert.equal(live.socket.connected, false);
  }
  await Live.connect(t, ada);
});

test("a socket is told that its token has expired, and lives on with a new one", async (t) => {
  const [ada, bob] = [await server.account("Ada"), await server.account("Bob")];
  let token = forged(ada.token, { exp: Math.floor(Date.now() / 1000) + 4 }, SECRET);
  const live = Live.open(t, server.url, () => token);
  await live.next("connect");
  assert.deepEqual(await live.next("auth:expired"), { graceSecs: 30 });

  assert.equal((await live.call("auth:refresh", { token: "nonsense" })).error.code, "token_invalid");
  assert.equal((await live.call("auth:refresh", { token: bob.token })).error.code, "token_invalid");
  assert.equal((await live.call("auth:refresh", { token })).error.code, "token_expired");
  token = await ada.refresh();
  const renewed = await live.ok("auth:refresh", { token });
  assert.ok(Date.parse(renewed.expiresAt) > Date.now());
  assert.equal(live.socket.connected, true);
  assert.deepEqual(live.all("disconnect"), []);
});
