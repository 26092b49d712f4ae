import type { TokenizerAndRendererExtension, Tokens } from "marked";

// The few tags that models write because Markdown has nothing for them. All other HTML is shown as it was written.

const PLAIN = /&lt;(\/?)(br|sub|sup|kbd)\s*(\/?)&gt;/gi;
const DETAILS = /^ {0,3}<details(?: open)?>\s*(?:<summary>([\s\S]*?)<\/summary>)?([\s\S]*?)<\/details>[ \t]*\n*/i;

/** In escaped HTML, with no attribute, so that there is nothing else to them. */
export function allowPlainTags(escaped: string): string {
  return escaped.replace(PLAIN, (_, end: string, name: string) => (/^br$/i.test(name) ? "<br>" : `<${end}${name.toLowerCase()}>`));
}

/** What a block may interrupt; no more is looked through, as that happens at each paragraph. */
export function firstParagraph(src: string): string {
  const end = src.search(/\n[ \t]*\n/);
  return end < 0 ? src : src.slice(0, end);
}

const isWithinCode = (before: string) => before.split("`").length % 2 === 0;

/** `<details>` around Markdown. */
export const details: TokenizerAndRendererExtension = {
  name: "details",
  level: "block",
  // Also within a line: what stands before it is a paragraph of its own.
  start(src) {
    const before = firstParagraph(src);
    const at = before.search(/<details/i);
    if (at < 0 || !DETAILS.test(src.slice(at)) || isWithinCode(before.slice(0, at))) return undefined;
    return at;
  },
  tokenizer(src) {
    const match = DETAILS.exec(src);
    if (match === null || /<details/i.test(match[2] ?? "")) return undefined;
    const summary = this.lexer.inlineTokens((match[1] ?? "Details").trim());
    return { type: "details", raw: match[0], summary, tokens: this.lexer.blockTokens((match[2] ?? "").trim(), []) };
  },
  renderer(token) {
    const summary = this.parser.parseInline(token["summary"] as Tokens.Generic[]);
    return `<details><summary>${summary}</summary>${this.parser.parse(token.tokens ?? [])}</details>`;
  },
};
