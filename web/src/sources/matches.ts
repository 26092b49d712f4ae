import type { Range } from "../ui/panel";

/** A text without case and accents and with one space for each gap, and where each of its units comes from. */
export interface Folded {
  text: string;
  /** Of each unit, the code point that it comes from. */
  origins: number[];
}

export function fold(text: string): Folded {
  let folded = "";
  const origins: number[] = [];
  let index = 0;
  for (const character of text) {
    const plain = /\s/.test(character)
      ? (folded.endsWith(" ") ? "" : " ")
      : character.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
    folded += plain;
    for (let unit = 0; unit < plain.length; unit += 1) origins.push(index);
    index += 1;
  }
  return { text: folded, origins };
}

/** Where a text has these words, in any case, with or without accents, over line breaks; in code points of the text. */
export function matchesIn({ text: folded, origins }: Folded, query: string): Range[] {
  const wanted = fold(query.trim()).text;
  if (wanted === "") return [];
  const matches: Range[] = [];
  for (let at = folded.indexOf(wanted); at >= 0; at = folded.indexOf(wanted, at + wanted.length)) {
    matches.push({ start: origins[at] ?? 0, end: (origins[at + wanted.length - 1] ?? 0) + 1 });
  }
  return matches;
}
