import type { TokenizerAndRendererExtension } from "marked";

/** `[1]`, `[1, 2]`, `[1-3]`, `[^1]`, and the brackets that some models write: `【1】`, `【1†source】`. */
const REFERENCE = /^(?:\[\^?(\d{1,3}(?:\s*[,;–-]\s*\^?\d{1,3})*)\](?!\()|【(\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*)(?:†[^】\n]{0,200})?】)/;
/** Of `[1-3]`. */
const LONGEST_RANGE = 20;

interface Part {
  number: number;
  known: boolean;
}

/** References to the citations that `known` has; numbers that it lacks stay as they were written. */
export function citation(known: () => ReadonlyMap<number, string>): TokenizerAndRendererExtension {
  return {
    name: "citation",
    level: "inline",
    start: (src) => {
      const at = src.search(/\[\^?\d|【\d/);
      return at < 0 ? undefined : at;
    },
    tokenizer: (src) => {
      const match = REFERENCE.exec(src);
      if (match === null) return undefined;
      const parts = numbersOf(match[1] ?? match[2] ?? "").map((number): Part => ({ number, known: known().has(number) }));
      if (!parts.some((part) => part.known)) return undefined;
      return { type: "citation", raw: match[0], parts };
    },
    renderer: (token) => (token["parts"] as Part[]).map((part) => (part.known ? chip(part.number, known().get(part.number) ?? "") : `[${part.number}]`)).join(""),
  };
}

/** The numbers of "1, 3-5". */
export function numbersOf(text: string): number[] {
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
