import { describe, expect, test } from "vitest";
import { isBearable } from "./bearable";
import { renderBlocks } from "./markdown";

const MOST = 16_000;
const fill = (part: string) => part.repeat(Math.ceil(MOST / part.length)).slice(0, MOST);
const html = (text: string) => renderBlocks(text, new Map([[1, ""]])).map((block) => block.html).join("");
const nested = (item: string, step: number) => Array.from({ length: 170 }, (_, n) => " ".repeat(n * step) + item).join("\n");

/** What one message can hold. */
const UNBEARABLE: Record<string, string> = {
  "quotes": fill(">"),
  "quotes with spaces": fill("> "),
  "lists in one line": fill("1. "),
  "quotes and lists in turn": fill("> - "),
  "lists and quotes in turn": fill("- > "),
  "lists by indentation": nested("- a", 2),
  "numbered lists by indentation": nested("1. a", 3),
  "stars": fill("*"),
  "emphasis in emphasis": "*a ".repeat(2_600) + "a* ".repeat(2_600),
  "strong in strong": "**a ".repeat(2_000) + "a** ".repeat(2_000),
  "emphasis by one long run": `${"*".repeat(8_000)}a${"*".repeat(7_999)}`,
  "stars within words": fill("*a_b"),
  "strikes": fill("~a"),
  "brackets": fill("["),
  "links in links": "[a".repeat(3_000) + "](b)".repeat(1_700),
  "parentheses": fill("("),
  "code that does not end": fill("`a"),
  "tags that do not end": fill("<"),
  "addresses": fill("a@b"),
  "formulas that do not end": fill("\\("),
  "formulas on lines of their own that do not end": fill("\\[\n"),
  "a table of empty rows": `|${"a|".repeat(2_000)}\n|${"-|".repeat(2_000)}\n${"|\n".repeat(3_900)}`,
};

describe("texts that are made to be hard", () => {
  test.each(Object.entries(UNBEARABLE))("%s: shown as written", (_, text) => {
    const shown = html(text);
    expect(shown).toMatch(/^<div class="as-written">/);
    expect(shown.length).toBeLessThan(text.length * 6);
    // And nothing hides in front of it.
    expect(html(`Hello\n${text}`)).toContain("as-written");
  });

  test("a fence that is none hides nothing", () => {
    for (const fence of ["``` `", "    ```", "> ```", "~~"]) expect(html(`${fence}\n${fill("[")}`)).toContain("as-written");
  });

  test("a page of thousands of columns is a table, and not a browser that hangs", () => {
    const columns = 2_600;
    expect(html(`|${"a|".repeat(columns)}\n|${"-|".repeat(columns)}`).match(/<th>/g)).toHaveLength(columns);
  });

  test("some depth is rendered", () => {
    expect(html("> ".repeat(32) + "x")).not.toContain("as-written");
    expect(html("> ".repeat(33) + "x")).toContain("as-written");
  });
});

describe("what people and models write", () => {
  test("is rendered, however long", () => {
    const paragraph = "It is *so*, and **that** is `why` [1], see [there](https://example.org) and mail a@b.example.\n\n";
    expect(isBearable(paragraph.repeat(2_000))).toBe(true);
    expect(isBearable("- an *item* of [a list](https://example.org)\n".repeat(300))).toBe(true);
    expect(isBearable(`| a | b | c |\n|---|---|---|\n${"| 1 | 2 | 3 |\n".repeat(2_000)}`)).toBe(true);
  });

  test("code is code, whatever is in it", () => {
    const code = `\`\`\`json\n${fill("[{\"a_b\": \"*\"}, ")}\n\`\`\``;
    expect(html(`Look:\n\n${code}\n\nThat is *it*.`)).toContain("<em>it</em>");
  });
});
