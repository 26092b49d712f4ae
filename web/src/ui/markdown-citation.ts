import type { TokenizerAndRendererExtension } from "marked";

/** `[1]`, `[1, 2]`, `[1-3]`, `[^1]`, and the brackets that some models write: `【1】`, `【1†source】`. */
const REFERENCE = /^(?:\[\^?(\d{1,3}(?:\s*[,;–-]\s*\^?\d{1,3})*)\](?!\()|【(\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*)(?:†[^】\n]{0,200})?】)/;
/** What refers to a note of the answer's own, which stands further down. */
const NOTE = /^\[\^([\w-]{1,20})\](?!\()/;
/** Of `[1-3]`. */
const LONGEST_RANGE = 20;

interface Part {
  number: number;
  known: boolean;
}

/** References to the citations that `known` has, and to notes; other numbers stay as they were written. */
export function citation(known: () => ReadonlyMap<number, string>): TokenizerAndRendererExtension {
  return {
    name: "citation",
    level: "inline",
    start: (src) => {
      const at = src.search(/\[\^?\d|\[\^\w|【\d/);
      return at < 0 ? undefined : at;
    },
    tokenizer: (src) => {
      const match = REFERENCE.exec(src);
      const parts = numbersOf(match?.[1] ?? match?.[2] ?? "").map((number): Part => ({ number, known: known().has(number) }));
      if (match !== null && parts.some((part) => part.known)) return { type: "citation", raw: match[0], parts };
      const note = NOTE.exec(src);
      return note === null ? undefined : { type: "citation", raw: note[0], parts: [], note: note[1] };
    },
    renderer: (token) => token["note"] !== undefined ? `<sup>${String(token["note"])}</sup>` : (token["parts"] as Part[]).map((part) => (part.known ? chip(part.number, known().get(part.number) ?? "") : `[${part.number}]`)).join(""),
  };
}

/** The numbers of "1, 3-5". */
function numbersOf(text: string): number[] {
  return text.split(/[,;]/).flatMap((part) => {
    const [from = 0, to = from] = (part.match(/\d+/g) ?? []).map(Number);
    if (to < from || to - from >= LONGEST_RANGE) return from === to ? [from] : [from, to];
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}

function chip(number: number, label: string): string {
  const name = (label || `Citation ${number}`).replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
  return `<button type="button" class="cite" data-cite="${number}" aria-label="${name}">${number}</button>`;
}
