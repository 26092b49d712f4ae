import type { TokenizerAndRendererExtension } from "marked";
import { firstParagraph } from "./markdown-html";

// Formulas are shown as they were written: Markdown would take their backslashes away, and with them the formula.

/** So much, without an empty line. */
const WITHIN = String.raw`(?:(?!\n[ \t]*\n)[\s\S]){1,4000}?`;
const BRACKETS = String.raw`\\\[${WITHIN}\\\]`;
const ENVIRONMENT = String.raw`\\begin\{([a-zA-Z]{1,20}\*?)\}${WITHIN}\\end\{\1\}`;
/** Where both ends have a line of their own there may also be empty ones. */
const LINES = String.raw`\\\[[ \t]*\n[\s\S]{1,4000}?\n[ \t]*\\\](?=[ \t]*(?:\n|$))|\$\$[ \t]*\n[\s\S]{1,4000}?\n[ \t]*\$\$(?=[ \t]*(?:\n|$))`;
const BLOCK = new RegExp(String.raw`^ {0,3}(?:${ENVIRONMENT}|${BRACKETS}|\$\$${WITHIN}\$\$|${LINES})[ \t]*(?:\n+|$)`);
const INLINE = new RegExp(String.raw`^(?:${ENVIRONMENT}|${BRACKETS}|\\\(${WITHIN}\\\)|\$\$[^$]{1,4000}?\$\$)`);
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
        const at = src.search(/\\(?:[([]|begin\{)|\$/);
        return at < 0 ? undefined : at;
      },
      tokenizer: (src) => {
        const raw = INLINE.exec(src)?.[0] ?? dollars(src);
        return raw === undefined ? undefined : { type: "math", raw, text: raw };
      },
      renderer: (token) => `<span class="math">${escape(token["text"] as string)}</span>`,
    },
  ];
}

function dollars(src: string): string | undefined {
  const match = DOLLARS.exec(src);
  return match !== null && SIGN.test(match[1] ?? "") ? match[0] : undefined;
}
