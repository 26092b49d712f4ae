import { isBearable } from "./bearable";
import { Marked, type Token, type TokenizerAndRendererExtension, type Tokens } from "marked";

/** A top-level block of a text: what a streamed answer is drawn by, so that finished blocks are left alone. */
export interface Block {
  raw: string;
  html: string;
}

const REFERENCE = /^\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\](?![(:])/;

/** Citations that exist; set for the one synchronous call that renders. */
let known: ReadonlySet<number> = new Set();

const citation: TokenizerAndRendererExtension = {
  name: "citation",
  level: "inline",
  start: (src) => {
    const at = src.search(/\[\d/);
    return at < 0 ? undefined : at;
  },
  tokenizer: (src) => {
    const match = REFERENCE.exec(src);
    if (match === null) return undefined;
    const numbers = (match[1] ?? "").split(",").map(Number);
    if (!numbers.every((number) => known.has(number))) return undefined;
    return { type: "citation", raw: match[0], numbers };
  },
  renderer: (token) => (token["numbers"] as number[]).map(chip).join(""),
};

function chip(number: number): string {
  return `<button type="button" class="cite" data-cite="${number}" aria-label="Citation ${number}">${number}</button>`;
}

const marked = new Marked({
  gfm: true,
  breaks: true,
  extensions: [citation],
  renderer: {
    // Raw HTML is shown as it was written, never interpreted.
    html: ({ text }) => escape(text),
    link({ href, tokens }) {
      const inner = this.parser.parseInline(tokens);
      if (!/^(https?:|mailto:)/i.test(href)) return inner;
      return `<a href="${escape(href)}" target="_blank" rel="noopener noreferrer">${inner}</a>`;
    },
    // Nothing is loaded from elsewhere on behalf of an answer: a picture is a link to it.
    image({ href, text }) {
      const name = escape(text || "picture");
      if (!/^https?:/i.test(href)) return name;
      return `<a href="${escape(href)}" target="_blank" rel="noopener noreferrer">${name}</a>`;
    },
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
    table(token) {
      const row = (cells: Tokens.TableCell[], tag: string) =>
        `<tr>${cells.map((cell) => `<${tag}>${this.parser.parseInline(cell.tokens)}</${tag}>`).join("")}</tr>`;
      const body = token.rows.map((cells) => row(cells, "td")).join("");
      const table = `<table><thead>${row(token.header, "th")}</thead><tbody>${body}</tbody></table>`;
      return `<div class="table">${table}</div>`;
    },
  },
});

/**
 * Renders Markdown block by block, or as it was written where rendering would take too much. The HTML still has to go
 * through the sanitiser before it is shown.
 */
export function renderBlocks(text: string, citations: ReadonlySet<number>): Block[] {
  if (!isBearable(text)) return [asWritten(text)];
  known = citations;
  try {
    const tokens = marked.lexer(text);
    return tokens.filter((token) => token.type !== "space" && token.type !== "def").map(renderBlock);
  } catch {
    // Deeper than the check foresees: nobody's message may take the others from the screen.
    return [asWritten(text)];
  }
}

function asWritten(text: string): Block {
  return { raw: text, html: `<div class="as-written">${escape(text)}</div>` };
}

function renderBlock(token: Token): Block {
  return { raw: token.raw, html: marked.parser([token]) };
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}
