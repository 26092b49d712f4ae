// Accounts and admins from the command line, beside a server that runs.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

import { Server } from "../support/server.js";
import { until } from "../support/wait.js";

const run = promisify(execFile);

/** @param {Server} server @param {string[]} args */
const collabry = async (server, ...args) => (await run(process.env.COLLABRY_BIN, args, { env: server.env })).stdout.trim();

/** @param {Server} server @param {string} email @param {string} password */
const signIn = (server, email, password) =>
  fetch(`${server.url}/api/auth/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email, password, returnRefreshToken: true }),
  });

test("an operator gives an account another password, and whoever was signed in is no longer", async (t) => {
  const server = await Server.start(t);
  const made = await collabry(server, "account", "add", "ada@example.org", "--name", "Ada");
  const [, first] = made.match(/^ada@example\.org has an account now\. Its password is (\S+)$/) ?? assert.fail(made);
  const signedIn = await (await signIn(server, "ada@example.org", first)).json();

  const replaced = await collabry(server, "account", "password", "ADA@example.org");
  const [, second] = replaced.match(/^ada@example\.org has a new password; 1 session ended\. Its password is (\S+)$/) ?? assert.fail(replaced);
  assert.equal((await signIn(server, "ada@example.org", first)).status, 401);
  assert.equal((await signIn(server, "ada@example.org", second)).status, 200);
  const refreshed = await fetch(`${server.url}/api/auth/refresh`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ refreshToken: signedIn.refreshToken }),
  });
  assert.equal(refreshed.status, 401);
  await until("the access token is good no longer", async () => {
    const me = await fetch(`${server.url}/api/auth/me`, { headers: { Authorization: `Bearer ${signedIn.accessToken}` } });
    return me.status === 401;
  });
  await assert.rejects(collabry(server, "account", "password", "nobody@example.org"), /there is no account with the address/);
});

test("addresses of the settings that are no admins are named in the log", async (t) => {
  const server = await Server.start(t, { COLLABRY_ADMIN_EMAILS: "boss@example.org" });
  const warned = () => server.output.includes("COLLABRY_ADMIN_EMAILS names an address that is not an admin");
  await until("the log names the address", async () => warned() && server.output.includes("boss@example.org"));
  await collabry(server, "admin", "add", "boss@example.org");
  await server.kill();
  await server.run();
  assert.ok(!warned(), server.output);
});

test("an empty password in the environment counts as not set", async (t) => {
  const server = await Server.start(t);
  const env = { ...server.env, COLLABRY_ACCOUNT_PASSWORD: "" };
  const say = async (/** @type {string[]} */ ...args) => (await run(process.env.COLLABRY_BIN, args, { env })).stdout.trim();
  assert.match(await say("account", "add", "bob@example.org"), /^bob@example\.org has an account now\. Its password is \S+$/);
  assert.match(await say("account", "password", "bob@example.org"), /^bob@example\.org has a new password; 0 sessions ended\. Its password is \S+$/);
});
