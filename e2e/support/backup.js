// The commands of backups, and everything that users can see of a system, to be compared before and after.

import { createHash } from "node:crypto";
import { join } from "node:path";

import { Account } from "./account.js";
import { MITOSIS_PAGES, PHOTOSYNTHESIS, handbook, pdf } from "./documents.js";
import { Child } from "./process.js";
import { BIN_DIR } from "./server.js";
import { Live } from "./socket.js";

/**
 * Runs a command of `collabry` or another program of it to its end.
 * @param {NodeJS.ProcessEnv} env @param {string[]} args @param {string} [program]
 */
export async function command(env, args, program = "collabry") {
  const child = new Child(join(BIN_DIR, program), args, env);
  const { code } = await child.ended;
  return { code, output: child.output };
}

/** As above; it must go well. @type {typeof command} */
export async function done(env, args, program) {
  const { code, output } = await command(env, args, program);
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}:\n${output}`);
  return { code, output };
}

const QUERIES = ["chlorophyll", "Which enzyme fixes carbon dioxide?", "spindle fibres", "marker17", "the sky"];

/**
 * What an account sees: notebooks and who is in them, sources with text and files, conversations with every message,
 * and in which order passages are found, with their scores.
 * @param {import("./account.js").Account} account
 */
export async function portrait(account) {
  const { notebooks } = await account.get("/api/notebooks");
  const seen = { me: await account.get("/api/auth/me"), notifications: await account.get("/api/notifications"), notebooks: [] };
  for (const notebook of notebooks) {
    const path = `/api/notebooks/${notebook.id}`;
    const { sources } = await account.get(`${path}/sources`);
    const { conversations } = await account.get(`${path}/conversations`);
    seen.notebooks.push({
      notebook,
      members: await ofMembers(account, path),
      sources: await Promise.all(sources.map((source) => ofSource(account, source))),
      conversations: await Promise.all(conversations.map((one) => ofConversation(account, one))),
      rankings: await Promise.all(QUERIES.map((query) => account.post(`${path}/search`, { query, limit: 20 }))),
    });
  }
  return seen;
}

/** Who is there at the moment is no part of what is kept. */
async function ofMembers(account, path) {
  const { present: _, ...members } = await account.get(`${path}/members`);
  return members;
}

async function ofSource(account, source) {
  const version = `/api/sources/${source.id}/versions/${source.latest.version}`;
  const pages = [];
  for (let number = 1, more = source.latest.state.step === "ready"; more; number += 1) {
    const page = await account.get(`${version}/pages/${number}`);
    pages.push(page);
    more = page.hasNext;
  }
  const file = await fetch(`${account.url}${version}/file`, { headers: { authorization: `Bearer ${account.token}` } });
  const hash = createHash("sha256").update(Buffer.from(await file.arrayBuffer())).digest("hex");
  return { source, pages, file: { status: file.status, hash } };
}

/** Revs that clients may have seen are skipped by a restore, so the head is not compared. */
async function ofConversation(account, { head: _, ...conversation }) {
  return { conversation, messages: await account.messages(conversation.id) };
}

/**
 * Two people with a notebook that has everything: sources in several formats and versions, one of them deleted; questions
 * with answers that cite; messages edited and deleted.
 * @param {{ after(fn: () => unknown): void }} test
 * @param {{ account(name: string): Promise<import("./account.js").Account> }} system
 */
export async function furnish(test, system) {
  const [ada, bob] = [await system.account("Ada"), await system.account("Bob")];
  const notebook = await ada.notebook();
  await ada.invite(notebook, bob, "viewer");
  await ada.patch(`/api/notebooks/${notebook}/members/${bob.id}`, { role: "editor" });
  const [plants, slides, handbookSource, deleted] = await Promise.all([
    ada.upload(notebook, "photosynthesis.md", PHOTOSYNTHESIS),
    bob.upload(notebook, "mitosis.pdf", pdf(MITOSIS_PAGES)),
    ada.upload(notebook, "handbook.md", handbook(30)),
    ada.upload(notebook, "deleted.md", "# Gone\n\nNobody finds the sky here.\n"),
  ]);
  for (const source of [plants, slides, handbookSource, deleted]) await ada.ready(source.id);
  await ada.delete(`/api/sources/${deleted.id}`);
  const conversation = await ada.conversation(notebook);
  const live = await Live.connect(test, ada);
  await live.join(conversation);
  for (const question of ["Which enzyme fixes carbon dioxide?", "What do the spindle fibres do?"]) {
    const asked = await live.send(conversation, question);
    await ada.answer(conversation, asked.id);
  }
  const [edited, gone] = [await live.send(conversation, "A tpyo", { ask: false }), await live.send(conversation, "Oops", { ask: false })];
  await ada.patch(`/api/conversations/${conversation}/messages/${edited.id}`, { content: "A typo" });
  await ada.delete(`/api/conversations/${conversation}/messages/${gone.id}`);
  return { ada, bob, notebook, conversation, live };
}

/** The same person at another system that holds their account. @param {import("./account.js").Account} account @param {string} url */
export async function signIn(account, url) {
  const there = new Account(url, { user: account.user, accessToken: "" });
  return there.signInAgain();
}
