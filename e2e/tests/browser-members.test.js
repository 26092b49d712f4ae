// Who is in a notebook, in the browser: invited, joined, given another role, gone.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { PASSWORD } from "../support/account.js";
import { launch, picture } from "../support/browser.js";
import { arrive, choose, confirm, toast, visit } from "../support/page.js";
import { Server } from "../support/server.js";
import { until } from "../support/wait.js";

const server = await Server.start({ after });
const browser = await launch({ after });

/** Ada with a new notebook and the members on the screen. */
async function begin(t, title = "Biology") {
  const ada = await server.account("Ada");
  const notebook = await ada.notebook(title);
  const page = await visit(t, browser, ada, `/n/${notebook}`);
  await page.getByRole("button", { name: /^Members/ }).click();
  await member(page, "Ada (you)").waitFor();
  return { ada, notebook, page };
}

/** Another member at the same notebook. */
async function join(t, ada, notebook, name, role) {
  const other = await server.account(name);
  await ada.invite(notebook, other, role);
  return visit(t, browser, other, `/n/${notebook}`);
}

const member = (page, name) => page.getByRole("list", { name: "Members" }).getByRole("listitem").filter({ hasText: name });

/** Chooses a member's role in its menu. */
async function give(page, name, role) {
  await page.getByRole("button", { name: new RegExp(`^Role of ${name}`) }).click();
  await page.getByRole("menuitemradio", { name: role, exact: true }).click();
}

/** Invites and returns the link. */
async function invite(page, email, role) {
  await page.getByLabel("Invite by email").fill(email);
  if (role !== undefined) await page.getByLabel("Role of the new member").selectOption(role);
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  await page.getByRole("status").filter({ hasText: `Send ${email} this link` }).waitFor();
  return page.getByLabel("Invitation link").inputValue();
}

test("who is invited joins by the link, with an account or with a new one", async (t) => {
  const { page } = await begin(t, "Botany");
  const bob = await server.account("Bob");
  const bobs = await visit(t, browser, bob);
  const forBob = await invite(page, bob.user.email, "viewer");
  assert.ok(forBob.startsWith(`${server.url}/join#`), "the code is in the fragment, which is sent to nobody");
  await page.getByRole("list", { name: "Invitations" }).getByText(bob.user.email).waitFor();
  await picture(page, "members");
  assert.equal(await bobs.getByRole("link", { name: /Botany/ }).count(), 0, "nobody is pushed into a notebook");
  await bobs.goto(forBob);
  await bobs.getByRole("button", { name: "Join the notebook" }).click();
  await bobs.getByRole("heading", { name: "Botany" }).waitFor();
  await member(page, "Bob").filter({ hasText: "Here now" }).waitFor();

  const forCarol = await invite(page, "carol@example.org", "editor");
  const carols = await arrive(t, browser);
  await carols.goto(forCarol);
  await carols.getByText("You have been invited to a notebook").waitFor();
  await carols.getByRole("button", { name: "Create an account" }).click();
  await carols.getByLabel("Email address").fill("carol@example.org");
  await carols.getByLabel("Name", { exact: true }).fill("Carol");
  await carols.getByLabel("Password").fill(PASSWORD);
  await carols.getByRole("button", { name: "Create account" }).click();
  await carols.getByRole("button", { name: "Join the notebook" }).click();
  await carols.getByRole("button", { name: "Add files" }).waitFor();
  await member(page, "Carol").waitFor();
  assert.equal(await page.getByRole("list", { name: "Invitations" }).count(), 0);
});

test("what the form shows is what is sent, the least at first", async (t) => {
  const { ada, notebook, page } = await begin(t);
  const role = page.getByLabel("Role of the new member");
  assert.equal(await role.inputValue(), "viewer");
  await invite(page, "first@example.org", "editor");
  const shown = await role.inputValue();
  await invite(page, "second@example.org");
  const { invitations } = await ada.get(`/api/notebooks/${notebook}/members`);
  assert.deepEqual(invitations.map((invitation) => invitation.role), ["editor", shown]);
});

test("another role shows at once in what one may do, and the last owner stays", async (t) => {
  const { ada, notebook, page } = await begin(t);
  const bobs = await join(t, ada, notebook, "Bob", "viewer");
  await bobs.getByText("Editors of this notebook can add sources.").waitFor();
  assert.equal(await bobs.getByRole("button", { name: "Add files" }).count(), 0);
  await give(page, "Bob", "Editor");
  await bobs.getByRole("button", { name: "Add files" }).waitFor();

  await give(page, "Ada", "Viewer");
  await toast(page, "owner");
  await page.getByRole("button", { name: "Role of Ada: Owner" }).waitFor();
});

test("who leaves or is removed sees the notebook no more", async (t) => {
  const { ada, notebook, page } = await begin(t);
  const [bobs, carols] = [await join(t, ada, notebook, "Bob", "editor"), await join(t, ada, notebook, "Carol", "viewer")];
  await bobs.getByRole("button", { name: /^Members/ }).click();
  await bobs.getByRole("button", { name: "Leave notebook" }).click();
  await confirm(bobs, "Leave");
  await bobs.getByTestId("no-notebooks").waitFor();
  await member(page, "Bob").waitFor({ state: "detached" });

  await page.getByRole("button", { name: "Remove Carol" }).click();
  await confirm(page, "Remove");
  await member(page, "Carol").waitFor({ state: "detached" });
  await carols.getByRole("alert").filter({ hasText: "no longer have access" }).waitFor();
});

test("a join code lets others in, by hand or by link, until it is switched off", async (t) => {
  const { notebook, page } = await begin(t, "Zoology");
  await page.getByRole("button", { name: "Create join code" }).click();
  const code = await page.getByTestId("join-code").innerText();

  const bobs = await visit(t, browser, await server.account("Bob"));
  await bobs.getByRole("button", { name: "Join with a code" }).click();
  await bobs.getByLabel("Join code").fill(code);
  await confirm(bobs, "Join notebook");
  await bobs.getByRole("heading", { name: "Zoology" }).waitFor();
  await member(page, "Bob").waitFor();

  const carols = await visit(t, browser, await server.account("Carol"), `/join#${code}`);
  await carols.getByRole("heading", { name: "Join a notebook?" }).waitFor();
  assert.equal(await member(page, "Carol").count(), 0, "to open a link joins nothing");
  await carols.getByRole("button", { name: "Join the notebook" }).click();
  await carols.getByRole("heading", { name: "Zoology" }).waitFor();
  assert.ok(carols.url().includes(notebook));

  await page.getByRole("button", { name: "Disable code" }).click();
  await page.getByRole("button", { name: "Create join code" }).waitFor();
  // As links of earlier versions are.
  const daves = await visit(t, browser, await server.account("Dave"), `/join/${code}`);
  await daves.getByRole("button", { name: "Join the notebook" }).click();
  await daves.getByRole("heading", { name: "Couldn’t join" }).waitFor();
});

test("a join code for one person lets one person in", async (t) => {
  const { page } = await begin(t, "Botany");
  await page.getByLabel("How many people can use the join code").selectOption("1 person");
  await page.getByRole("button", { name: "Create join code" }).click();
  await page.getByText("One more person with this code can join as a viewer").waitFor();
  const code = await page.getByTestId("join-code").innerText();
  await picture(page, "join-code");
  const come = async (name) => {
    const theirs = await visit(t, browser, await server.account(name), `/join#${code}`);
    await theirs.getByRole("button", { name: "Join the notebook" }).click();
    return theirs;
  };
  await (await come("Bob")).getByRole("heading", { name: "Botany" }).waitFor();
  await member(page, "Bob").waitFor();
  await page.getByText("This code has been used up").waitFor();
  await (await come("Carol")).getByRole("heading", { name: "Couldn’t join" }).waitFor();
});

test("a new password signs everyone else out", async (t) => {
  const ada = await server.account("Ada");
  const [page, elsewhere] = [await visit(t, browser, ada, "/"), await visit(t, browser, ada, "/")];
  const change = async (current, next) => {
    await page.getByLabel("Current password").fill(current);
    await page.getByLabel("New password").fill(next);
    await page.getByRole("dialog").getByRole("button", { name: "Change password" }).click();
  };
  await choose(page, "Account", "Change password");
  await change("not my password", "seven quiet lanterns");
  await page.getByRole("alert").filter({ hasText: "This is not your password." }).waitFor();
  await picture(page, "change-password");
  await change(PASSWORD, "seven quiet lanterns");
  await toast(page, "Password changed");
  await elsewhere.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal(await page.getByRole("heading", { name: "Sign in" }).count(), 0);
});

test("a notebook is renamed and deleted under the eyes of its members", async (t) => {
  const { ada, notebook, page } = await begin(t);
  const bobs = await join(t, ada, notebook, "Bob", "viewer");
  await choose(page, "Notebook actions", "Rename notebook");
  await page.getByLabel("Title").fill("Marine biology");
  await confirm(page, "Rename");
  await Promise.all([page, bobs].map((each) => each.getByRole("heading", { name: "Marine biology" }).waitFor()));

  await choose(page, "Notebook actions", "Delete notebook");
  await page.getByTestId("no-notebooks").waitFor();
  await bobs.getByRole("alert").filter({ hasText: "it was deleted" }).waitFor();
});

test("whoever is given another role is told, wherever they are, and not twice", async (t) => {
  const { ada, notebook, page } = await begin(t, "Botany");
  const graces = await join(t, ada, notebook, "Grace", "editor");
  const add = graces.getByRole("button", { name: "Add files" });
  await add.waitFor();
  await give(page, "Grace", "Viewer");
  await toast(graces, "You are now a viewer in “Botany”.");
  await add.waitFor({ state: "detached" });
  await toast(page, "Grace is now a viewer.");
  await graces.goto(server.url);
  await graces.getByRole("link", { name: /^Botany/ }).waitFor();
  assert.equal(await graces.getByTestId("toast").count(), 0);
  await give(page, "Grace", "Owner");
  await toast(graces, "You are now an owner in “Botany”.");
  await give(page, "Ada", "Editor");
  await toast(page, "You are now an editor in “Botany”.");
  assert.equal(await page.getByTestId("toast").filter({ hasText: "You are now" }).count(), 1);
});
