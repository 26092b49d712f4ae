import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAst } from "vite";
import { expect, test } from "vitest";

interface Node {
  type: string;
  [key: string]: unknown;
}

const FILES = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" }).filter((file) => /\.tsx?$/.test(file) && !file.includes(".test."));

/** What a file may show to people: its strings and the text of its elements; not its comments, names and imports. */
function textsOf(file: string): string[] {
  const found: string[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (typeof node !== "object" || node === null || !("type" in node)) return;
    const { type, ...rest } = node as Node;
    if (type === "ImportDeclaration" || type === "TSLiteralType") return;
    if (type === "Literal" && typeof rest["value"] === "string") found.push(rest["value"]);
    if (type === "JSXText") found.push(String(rest["value"]));
    if (type === "TemplateElement") found.push((rest["value"] as { cooked: string | null }).cooked ?? "");
    Object.values(rest).forEach(visit);
  };
  visit(parseAst(readFileSync(join(import.meta.dirname, file), "utf8"), { lang: file.endsWith("x") ? "tsx" : "ts" }));
  return found.map((text) => text.replace(/\s+/g, " "));
}

const TEXTS = new Map(FILES.map((file) => [file.replaceAll("\\", "/"), textsOf(file)]));

test.each(["e-mail", "anew", "somebody", "everybody", "can not"])("no text for people has the word %j", (word) => {
  const wrong = [...TEXTS].flatMap(([file, texts]) => texts.filter((text) => new RegExp(`\\b${word}\\b`, "i").test(text)).map((text) => `${file}: ${text}`));
  expect(wrong).toEqual([]);
});

test("texts are found where they are", () => {
  expect([...TEXTS.values()].flat().length).toBeGreaterThan(1_000);
});

// One verb for one thing, and sentences as an English speaker would say them.
const SENTENCES: [file: string, ...texts: string[]][] = [
  ["app.tsx", "Page not found", "Skip to content", "Skip to message field", "Skip to sources"],
  ["auth/sign-in.tsx", "Already have an account?", "Shown to other members.", "Collect papers, web pages and notes in a notebook.", "Ask questions together and get answers linked to the passages behind them."],
  ["conversations/answer.tsx", "Stopped. The answer is incomplete.", "The connection to the server was lost, so this answer is incomplete."],
  ["conversations/composer.tsx", "Ask AI", "Message the members…"],
  ["conversations/list.tsx", "No conversations yet. Ask a question to start one."],
  ["conversations/message.tsx", "Message", "deleted."],
  ["conversations/new-chat.tsx", "Answers cite your sources.", "Click a number like"],
  ["conversations/outgoing-message.tsx", "Will send when you’re online", "It will be sent automatically."],
  ["conversations/suggestions.ts", "Explain the most difficult idea in simple terms."],
  ["generations/failed.tsx", "Couldn’t generate an answer."],
  ["generations/running-answer.tsx", "Searching your sources…"],
  ["http/problem.ts", "Something went wrong on our side. Try again, and if it keeps happening"],
  ["models/picker.tsx", "Refresh"],
  ["notebooks/dialogs.tsx", "Ask an owner: it is shown in the Members panel."],
  ["notebooks/join-code.tsx", "Anyone with this code can join as", "Create join code", "Replace code", "Disable"],
  ["notebooks/join-page.tsx", "Couldn’t join"],
  ["notebooks/list.tsx", "Create your first notebook", "Create a notebook", "Created"],
  ["notebooks/members-panel.tsx", "They will lose access to this notebook. Their messages will stay.", "Pending invitations", "Cancel invitation for"],
  ["notebooks/notebook-page.tsx", "Notebook not found", "You no longer have access to this notebook, or it was deleted."],
  ["notebooks/role-select.tsx", "Viewers can read and ask, editors can also add sources, owners can also manage members."],
  ["notebooks/store.ts", "You are now"],
  ["notifications/bell.tsx", "No notifications. We’ll let you know when someone adds you to a notebook."],
  ["realtime/connection-banner.tsx", "Your messages will be sent when you’re back online."],
  ["sources/add-url.tsx", "The server downloads the page once. It must be publicly accessible."],
  ["sources/list.tsx", "Editors of this notebook can add sources.", "Use all sources"],
  ["sources/progress.ts", "In line", "Indexing"],
  ["sources/search-panel.tsx", "Search in sources", "No passages found. Try different words."],
  ["sources/upload-row.tsx", "Waiting to upload"],
  ["sources/uploads.ts", "The upload was interrupted."],
];

test.each(SENTENCES)("%s says it in plain English", (file, ...texts) => {
  const there = (TEXTS.get(file) ?? []).join("\n");
  for (const text of texts) expect(there).toContain(text);
});
