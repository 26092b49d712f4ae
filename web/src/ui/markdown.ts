import { Marked, type Token, type Tokens } from "marked";
import { isBearable } from "./bearable";
import { citation } from "./markdown-citation";
import { allowPlainTags, details } from "./markdown-html";
import { math } from "./markdown-math";

/** A top-level block of a text: what a streamed answer is drawn by, so that finished blocks are left alone. */
export interface Block {
  raw: string;
  html: string;
}

/** Citations that exist, and labels that are referred to; set for the one synchronous call that renders. */
let known: ReadonlyMap<number, string> = new Map();
let referredTo: ReadonlySet<string> = new Set();

const DEFINITION = /^ {0,3}\[(\^?[^\]\n]+)\]:/;
const LABEL = /\[([^[\]\n]{1,200})\](?!:)/g;
/** The page has an h1, its parts an h2, each message an h3. */
const UNDER_MESSAGE = 3;
/** Set like the ones above. */
let headingsUnder = UNDER_MESSAGE;

const marked = new Marked({
  gfm: true,
  breaks: true,
  extensions: [citation(() => known), ...math(escape), details],
  tokenizer: {
    // A list of references is there to be read, and so is whatever looks like a definition that nothing refers to.
    def(src) {
      const label = DEFINITION.exec(src)?.[1];
      if (label === undefined) return undefined;
      if (known.has(Number(label.replace("^", "")))) return undefined;
      return referredTo.has(label) ? false : undefined;
    },
  },
  renderer: {
    html: ({ text }) => allowPlainTags(escape(text)),
    // Each block in the direction of its own writing.
    paragraph({ tokens }) {
      return `<p dir="auto">${this.parser.parseInline(tokens)}</p>\n`;
    },
    heading({ tokens, depth }) {
      const level = Math.min(6, depth + headingsUnder);
      return `<h${level} class="h${depth}" dir="auto">${this.parser.parseInline(tokens)}</h${level}>\n`;
    },
    blockquote({ tokens }) {
      return `<blockquote dir="auto">\n${this.parser.parse(tokens)}</blockquote>\n`;
    },
    list({ items, ordered, start }) {
      const tag = ordered ? "ol" : "ul";
      const from = ordered && start !== "" && start !== 1 ? ` start="${start}"` : "";
      return `<${tag} dir="auto"${from}>\n${items.map((item) => this.listitem(item)).join("")}</${tag}>\n`;
    },
    listitem({ tokens, task }) {
      return `<li${task ? ' class="task"' : ""}>${this.parser.parse(tokens)}</li>\n`;
    },
    code({ text, lang }) {
      const name = /^[\w+#.-]{1,20}/.exec(lang ?? "")?.[0] ?? "";
      return `<pre tabindex="0" role="region" aria-label="Code${name === "" ? "" : ` in ${name}`}"><code dir="ltr">${escape(text)}\n</code></pre>\n`;
    },
    link({ href, tokens }) {
      const inner = this.parser.parseInline(tokens);
      if (!/^(https?:|mailto:)/i.test(href)) return inner;
      return `<a href="${escape(href)}" target="_blank" rel="noopener noreferrer">${inner}</a>`;
    },
    // Nothing is loaded from elsewhere on behalf of an answer: a picture is a link to it.
    image({ href, text }) {
      const name = escape(text || "picture");
      if (!/^https?:/i.test(href)) return name;
      return `<a href="${escape(href)}" target="_blank" rel="noopener noreferrer">Image not loaded: ${name}</a>`;
    },
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
    table(token) {
      const row = (cells: Tokens.TableCell[], tag: string) =>
        `<tr>${cells.map((cell) => `<${tag}>${this.parser.parseInline(cell.tokens)}</${tag}>`).join("")}</tr>`;
      const body = token.rows.map((cells) => row(cells, "td")).join("");
      const table = `<table><thead>${row(token.header, "th")}</thead><tbody>${body}</tbody></table>`;
      return `<div class="table" dir="auto" tabindex="0" role="region" aria-label="Table">${table}</div>`;
    },
  },
});

/**
 * Renders Markdown block by block, or as it was written where rendering would take too much. `citations` are those that
 * exist, by number, with what a reference to each is called; `under` is the level of the heading that the text stands under.
 * The HTML still has to go through the sanitiser before it is shown.
 */
export function renderBlocks(text: string, citations: ReadonlyMap<number, string>, under = UNDER_MESSAGE): Block[] {
  if (!isBearable(text)) return [asWritten(text)];
  known = citations;
  headingsUnder = under;
  referredTo = new Set(Array.from(text.matchAll(LABEL), ([, label = ""]) => label));
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
