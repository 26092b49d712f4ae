import type { TokenizerAndRendererExtension } from "marked";
import { firstParagraph } from "./markdown-html";

// Formulas are shown as they were written: Markdown would take their backslashes away, and with them the formula.

/** So much, without an empty line, and without what would begin another one. */
const within = (opening = "") => String.raw`(?:(?!\n[ \t]*\n${opening && String.raw`|(?<!\\)${opening}`})[\s\S]){1,4000}?`;
const WITHIN = within();
const BRACKETS = String.raw`\\\[${within(String.raw`\\\[`)}\\\]`;
const PARENTHESES = String.raw`\\\(${within(String.raw`\\\(`)}\\\)`;
const ENVIRONMENT = String.raw`\\begin\{([a-zA-Z]{1,20}\*?)\}${WITHIN}\\end\{\1\}`;
/** Where both ends have a line of their own there may also be empty ones. */
const LINES = String.raw`\\\[[ \t]*\n[\s\S]{1,4000}?\n[ \t]*\\\](?=[ \t]*(?:\n|$))|\$\$[ \t]*\n[\s\S]{1,4000}?\n[ \t]*\$\$(?=[ \t]*(?:\n|$))`;
const BLOCK = new RegExp(String.raw`^ {0,3}(?:${ENVIRONMENT}|${BRACKETS}|\$\$${WITHIN}\$\$|${LINES})[ \t]*(?:\n+|$)`);
const INLINE = new RegExp(String.raw`^(?:${ENVIRONMENT}|${BRACKETS}|${PARENTHESES}|\$\$[^$]{1,4000}?\$\$)`);
const ALONE = /^\\[()]/;
/** A dollar sign is more often money: only with a sign of a formula within, and tight around it. */
const DOLLARS = /^\$(?=[^\s$])([^$\n]{0,300}?[^\s$\\])\$(?!\d)/;
const SIGN = /[\\^_{}=]/;

type Escape = (text: string) => string;

export function math(escape: Escape): TokenizerAndRendererExtension[] {
  return [
    {
      name: "mathBlock",
      level: "block",
      start: (src) => firstParagraph(src).match(/\n {0,3}(?:\\\[|\$\$|\\begin\{)/)?.index,
      tokenizer: (src) => {
        const match = BLOCK.exec(src);
        return match === null ? undefined : { type: "mathBlock", raw: match[0], text: match[0].trim() };
      },
      renderer: (token) => `<p class="math" tabindex="0" role="region" aria-label="Formula">${escape(token["text"] as string)}</p>`,
    },
    {
      name: "math",
      level: "inline",
      start: (src) => {
        const at = src.search(/\\(?:[()[\]]|begin\{)|\$/);
        return at < 0 ? undefined : at;
      },
      tokenizer: (src) => {
        const raw = INLINE.exec(src)?.[0] ?? dollars(src);
        if (raw !== undefined) return { type: "math", raw, text: raw };
        // The end of a formula may still be to come. Markdown would take the backslash away.
        const alone = ALONE.exec(src)?.[0];
        return alone === undefined ? undefined : { type: "text", raw: alone, text: alone, escaped: true };
      },
      renderer: (token) => `<span class="math">${escape(token["text"] as string)}</span>`,
    },
  ];
}

function dollars(src: string): string | undefined {
  const match = DOLLARS.exec(src);
  return match !== null && SIGN.test(match[1] ?? "") ? match[0] : undefined;
}
