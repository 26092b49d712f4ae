import { signal } from "@preact/signals";

/** A passage, or a whole source when there is no range. Offsets count code points in the document. */
export interface PassageTarget {
  sourceId: string;
  version: number;
  sourceName: string;
  page: number;
  range: { start: number; end: number } | null;
  /** The passage's own text: what is left of it when the source is gone. */
  quote: string | null;
}

type Panel = { kind: "passage"; target: PassageTarget } | { kind: "members" };

/** What is open beside the conversation. */
export const panel = signal<Panel | null>(null);

let opener: Element | null = null;

export function openPanel(next: Panel): void {
  if (panel.peek() === null) opener = document.activeElement;
  panel.value = next;
}

/** Closes it and gives the focus back to where it came from. */
export function closePanel(): void {
  panel.value = null;
  if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
  opener = null;
}

addEventListener("keydown", (event) => {
  const modal = document.querySelector("dialog[open]") !== null;
  if (event.key === "Escape" && !event.defaultPrevented && !modal && panel.peek() !== null) closePanel();
});
