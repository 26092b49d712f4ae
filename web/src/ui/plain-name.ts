/** Marks, embeddings, overrides and isolates of direction: a name with them can be made to read as another. */
const DIRECTIONS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A name as it is, in the order of its characters. */
export function plainName(name: string): string {
  return name.replace(DIRECTIONS, "");
}
