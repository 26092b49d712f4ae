import { fold, matchesIn } from "./matches";

const NAME = "sought";

/**
 * Marks words within an element without changing it, where the browser can; those that stand in one piece. Answers what
 * takes the marks away.
 */
export function highlight(root: HTMLElement | null, query: string): (() => void) | undefined {
  if (root === null || query.trim() === "" || typeof Highlight === "undefined") return undefined;
  const ranges: Range[] = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode as Text;
    const characters = [...node.data];
    const unit = (codePoint: number) => characters.slice(0, codePoint).join("").length;
    for (const { start, end } of matchesIn(fold(node.data), query)) {
      const range = new Range();
      range.setStart(node, unit(start));
      range.setEnd(node, unit(end));
      ranges.push(range);
    }
  }
  CSS.highlights.set(NAME, new Highlight(...ranges));
  return () => CSS.highlights.delete(NAME);
}
