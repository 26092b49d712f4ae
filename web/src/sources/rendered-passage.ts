import type { Parts } from "./passage";

// In Markdown that is rendered, offsets are lost. So signs are set where a mark begins and ends, and looked for in what came
// of it. They are of a private area of Unicode; a text that uses them itself loses them here.
const [BEGIN, FOCUS, UNFOCUS, END] = ["\uf8f0", "\uf8f1", "\uf8f2", "\uf8f3"] as const;
const SIGNS = /([\uf8f0-\uf8f3])/;
const ALL_SIGNS = /[\uf8f0-\uf8f3]/g;

/** What makes a block what it is. A sign in front of it would make it a paragraph. */
const BLOCK_SYNTAX = /^(?:[ \t]*(?:[-*+>|]|#{1,6}|\d{1,9}[.)])(?=[ \t|]|$)[ \t]*)*[ \t]*/;
const FENCE = /^[ \t]*(?:```|~~~)[^\n]*(?:\n|$)/;

/** The text with its signs. */
export function withSigns({ before, passage, after }: Parts): string {
  const plain = (text: string) => text.replace(ALL_SIGNS, "");
  if (passage === null) return plain(before);
  let text = "";
  let pending = "";
  const add = (sign: string, next: string) => {
    pending += sign;
    const part = plain(next);
    if (part === "") return;
    const at = lineStart(text) ? syntaxLength(part) : 0;
    text += part.slice(0, at) + pending + part.slice(at);
    pending = "";
  };
  add("", plain(before));
  add(BEGIN, passage.before);
  if (passage.focus !== "") {
    add(FOCUS, passage.focus);
    text += UNFOCUS;
    add("", passage.after);
  }
  text += pending + END;
  return text + plain(after);
}

const lineStart = (text: string) => text === "" || text.endsWith("\n");

function syntaxLength(text: string): number {
  const fence = FENCE.exec(text)?.[0];
  return (fence ?? BLOCK_SYNTAX.exec(text)?.[0] ?? "").length;
}

/** Marks what lies between the signs, and takes them away. */
export function markNodes(root: HTMLElement): void {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const nodes: Text[] = [];
  while (walker.nextNode()) nodes.push(walker.currentNode as Text);
  const state = { inside: false, focus: false };
  const focused = nodes.some(({ data }) => data.includes(FOCUS));
  for (const node of nodes) {
    if (!state.inside && !SIGNS.test(node.data)) continue;
    node.replaceWith(...node.data.split(SIGNS).flatMap((piece) => nodesOf(piece, state, focused)));
  }
}

function nodesOf(piece: string, state: { inside: boolean; focus: boolean }, focused: boolean): Node[] {
  if (piece === BEGIN || piece === END) state.inside = piece === BEGIN;
  else if (piece === FOCUS || piece === UNFOCUS) state.focus = piece === FOCUS;
  if (piece === "" || SIGNS.test(piece)) return [];
  // Between the rows of a table or the items of a list nothing may stand.
  if (!state.inside || piece.trim() === "") return [document.createTextNode(piece)];
  const mark = document.createElement("mark");
  mark.dataset["testid"] = "passage";
  mark.className = state.focus ? "focus" : focused ? "weak" : "";
  mark.textContent = piece;
  return [mark];
}
