/** Marks, embeddings, overrides and isolates of direction: a name with them can be made to read as another. */
const DIRECTIONS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A name as it is, in the order of its characters. */
export function plainName(name: string): string {
  return name.replace(DIRECTIONS, "");
}

const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;

/** A name within a sentence. One that is read from the right keeps its own signs in order, and the sentence its own. */
export function quoted(name: string): string {
  const plain = plainName(name);
  return RIGHT_TO_LEFT.test(plain) ? `“\u2068${plain}\u2069”` : `“${plain}”`;
}
