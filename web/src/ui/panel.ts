import { computed, effect } from "@preact/signals";
import { closeLayer, noteOf, openLayer, withQuery } from "./layer";
import { navigate, query } from "./router";
import { canonicalId } from "./uuid";

/** Offsets count code points in the document. */
export interface Range {
  start: number;
  end: number;
}

/** A passage, or a whole source when there is no range. */
export interface PassageTarget {
  sourceId: string;
  version: number;
  page: number;
  range: Range | null;
  /** The words within the range that are meant. */
  focus: Range | null;
  /** What is left of it when the source is gone: its name, and the passage's own text. */
  sourceName: string | null;
  quote: string | null;
}

type Panel = { kind: "passage"; target: PassageTarget } | { kind: "members" } | { kind: "search"; query: string };

const LAYER = "panel";
const NAMES = ["panel", "source", "version", "page", "passage", "focus", "q"] as const;
const CLOSED = Object.fromEntries(NAMES.map((name) => [name, null]));

interface Note extends Pick<PassageTarget, "sourceName" | "quote"> {
  /** A step back is what it was opened from. */
  over?: boolean;
}

/** What is open beside the conversation. */
export const panel = computed<Panel | null>(() => panelOf(query.value));

function panelOf(parameters: URLSearchParams): Panel | null {
  if (parameters.get("panel") === "members") return { kind: "members" };
  if (parameters.get("panel") === "search") return { kind: "search", query: parameters.get("q") ?? "" };
  const sourceId = parameters.get("source");
  if (sourceId === null) return null;
  const { sourceName = null, quote = null } = (noteOf(LAYER) ?? {}) as Partial<Note>;
  const whole = (name: string) => Math.max(1, Number.parseInt(parameters.get(name) ?? "", 10) || 1);
  const [range, focus] = [rangeOf(parameters.get("passage")), rangeOf(parameters.get("focus"))];
  return { kind: "passage", target: { sourceId: canonicalId(sourceId), version: whole("version"), page: whole("page"), range, focus, sourceName, quote } };
}

function rangeOf(text: string | null): Range | null {
  const [, start, end] = /^(\d{1,9})-(\d{1,9})$/.exec(text ?? "") ?? [];
  return start === undefined || end === undefined ? null : { start: Number(start), end: Number(end) };
}

const rangeText = (range: Range | null) => (range === null ? null : `${range.start}-${range.end}`);

let opener: Element | null = null;

/** `over`: Back leads to what is open now. */
export function openPanel(next: Panel, over = false): void {
  const open = panel.peek() !== null;
  if (!open) opener = document.activeElement;
  if (next.kind === "members") return openLayer(LAYER, open, { ...CLOSED, panel: "members" });
  if (next.kind === "search") return openLayer(LAYER, open, { ...CLOSED, panel: "search", q: next.query || null });
  const { sourceId, version, page, range, focus, sourceName, quote } = next.target;
  const place = { source: sourceId, version: String(version), page: String(page), passage: rangeText(range), focus: rangeText(focus) };
  const note: Note = { sourceName, quote, ...(over || isOver() ? { over: true } : {}) };
  openLayer(LAYER, open && !over, { ...CLOSED, ...place }, note);
}

/** Whether a step back is what the panel was opened from. */
export function isOver(): boolean {
  return (noteOf(LAYER) as Note | undefined)?.over === true;
}

/** Another page of the source that is open; `range`: what is meant there. */
export function turnTo(page: number, range?: Range): void {
  const passage = range === undefined ? {} : { passage: rangeText(range), focus: null };
  navigate(withQuery({ page: String(page), ...passage }), "replace", history.state);
}

export function closePanel(): void {
  if (panel.peek() === null) return;
  if (isOver()) navigate(withQuery(CLOSED), "replace");
  else closeLayer(LAYER, CLOSED);
}

/** The part of the address that keeps the panel open on another page. */
export function panelQuery(): string {
  const kept = new URLSearchParams();
  for (const name of NAMES) {
    const value = query.value.get(name);
    if (value !== null) kept.set(name, value);
  }
  return kept.size === 0 ? "" : `?${kept}`;
}

// However it was closed, the focus goes back to where it came from.
effect(() => {
  if (panel.value !== null) return;
  const from = opener;
  opener = null;
  // Once what had the focus is gone from the page.
  if (from instanceof HTMLElement) setTimeout(() => from.isConnected && from.focus());
});

addEventListener("keydown", (event) => {
  const modal = document.querySelector("dialog[open]") !== null;
  if (event.key === "Escape" && !event.defaultPrevented && !modal && panel.peek() !== null) closePanel();
});
