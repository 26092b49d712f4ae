// What documents point at is there.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const ROOT = resolve(import.meta.dirname, "../..");
const read = (/** @type {string} */ path) => readFile(join(ROOT, path), "utf8");

/** Files that git has, or is to have. @param {string[]} which */
async function tracked(...which) {
  const { stdout } = await promisify(execFile)("git", ["ls-files", "--cached", "--others", "--exclude-standard", ...which], { cwd: ROOT });
  return stdout.trim().split("\n");
}

const pages = await tracked("*.md", ":!bench", ":!standalone");
const withoutCode = (/** @type {string} */ text) => text.replaceAll(/^```[^]*?^```$/gm, "");

/** As GitHub makes them of headings. @param {string} text */
function anchors(text) {
  const headings = withoutCode(text).matchAll(/^#{1,6} (.+)$/gm);
  return new Set([...headings].map(([, heading]) => heading.toLowerCase().replaceAll(/[^\p{L}\p{N}_\- ]/gu, "").replaceAll(" ", "-")));
}

test("links of documents lead to pages and sections that are there", async () => {
  const broken = [];
  for (const page of pages) {
    for (const [, link] of withoutCode(await read(page)).matchAll(/\]\(\s*([^)\s]+)\s*\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      const [path, anchor] = link.split("#");
      const to = path === "" ? page : join(dirname(page), path);
      const there = await stat(join(ROOT, to)).catch(() => undefined);
      if (!there || (anchor && !anchors(await read(to)).has(anchor))) broken.push(`${page}: ${link}`);
    }
  }
  assert.deepEqual(broken, []);
});

const SOURCE = /\.(css|html|java|js|lua|md|mjs|mtail|py|rs|sh|sql|toml|ts|tsx|xml|ya?ml)$/;
/** Named in documents, and made by whoever builds or runs: not in git. */
const MADE = new Set(["web/dist", ".cargo/machine.toml"]);

test("files and folders that documents name are there", async () => {
  const files = await tracked();
  const paths = new Set(files.flatMap((file) => file.split("/").map((_, depth, parts) => parts.slice(0, depth + 1).join("/"))));
  const missing = [];
  // What has been, the change log may name.
  for (const page of pages.filter((path) => path !== "CHANGELOG.md")) {
    for (const [, code] of withoutCode(await read(page)).matchAll(/`([^`\n]+)`/g)) {
      for (const word of code.split(" ")) {
        const name = word.replace(/^\.\//, "").replace(/\/$/, "").replaceAll(/<[a-z]+>/g, "*");
        if (!/^[\w.*][\w./*-]*$/.test(name) || MADE.has(name)) continue;
        const fromRoot = name.includes("/") && paths.has(name.split("/")[0]);
        if (!fromRoot && !SOURCE.test(name)) continue;
        const pattern = new RegExp(`${fromRoot ? "^" : "(^|/)"}${name.replaceAll(".", "\\.").replaceAll("*", "[^/]*")}$`);
        if (![...paths].some((path) => pattern.test(path))) missing.push(`${page}: ${word}`);
      }
    }
  }
  assert.deepEqual(missing, []);
});
