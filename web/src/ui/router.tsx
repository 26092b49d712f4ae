import { computed, signal } from "@preact/signals";
import type { ComponentChildren, TargetedMouseEvent } from "preact";
import { canonicalId } from "./uuid";

export type Route =
  | { page: "notebooks" }
  /** `code: ""`: to be typed. */
  | { page: "join"; code: string }
  /** `conversationId: null`: whichever was open last; `"new"`: one that begins with the first message. */
  | { page: "notebook"; notebookId: string; conversationId: string | null }
  | { page: "unknown" };

const here = () => location.pathname + location.search + location.hash;
const path = signal(here());
/** While the browser goes a step back: what is to happen once it is there. */
let afterBack: (() => void)[] | null = null;

for (const change of ["popstate", "hashchange"]) {
  addEventListener(change, () => {
    const waiting = afterBack;
    afterBack = null;
    path.value = here();
    for (const go of waiting ?? []) go();
  });
}

/** A step back in the browser's history, which leads to `to`. Browsers take their time for it. */
export function goBack(to: string): void {
  if (afterBack !== null) return;
  afterBack = [];
  path.value = to;
  history.back();
}

export const route = computed<Route>(() => parse(path.value));

/** What is open on the page: `source`, `page`, `tab` and the like. */
export const query = computed(() => new URLSearchParams(path.value.split("#", 1)[0]?.split("?")[1] ?? ""));

function parse(address: string): Route {
  const [before = "", fragment = ""] = address.split("#", 2);
  const [pathname = ""] = before.split("?", 1);
  const parts = pathname.split("/").filter((part) => part !== "");
  const [first, id, third, conversationId] = parts;
  if (first === undefined) return { page: "notebooks" };
  // Links of earlier versions have the code in the path.
  if (first === "join" && parts.length <= 2) return { page: "join", code: text(id ?? fragment) };
  if (first !== "n" || id === undefined) return { page: "unknown" };
  const notebookId = canonicalId(id);
  if (parts.length === 2) return { page: "notebook", notebookId, conversationId: null };
  if (parts.length === 4 && third === "c" && conversationId !== undefined) {
    return { page: "notebook", notebookId, conversationId: canonicalId(conversationId) };
  }
  return { page: "unknown" };
}

function text(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

export function notebookPath(notebookId: string, conversationId?: string): string {
  return conversationId === undefined ? `/n/${notebookId}` : `/n/${notebookId}/c/${conversationId}`;
}

/** `state` is kept with the entry in the browser's history. */
export function navigate(to: string, how: "push" | "replace" = "push", state: unknown = null): void {
  if (afterBack !== null) {
    afterBack.push(() => navigate(to, how, state));
    return;
  }
  if (to === here()) return;
  if (how === "push") history.pushState(state, "", to);
  else history.replaceState(state, "", to);
  path.value = to;
}

interface LinkProps {
  to: string;
  class?: string;
  label?: string;
  title?: string;
  current?: boolean;
  onClick?: () => void;
  children: ComponentChildren;
}

export function Link({ to, label, title, current = false, onClick, children, class: className }: LinkProps) {
  const follow = (event: TargetedMouseEvent<HTMLAnchorElement>) => {
    // Another button or a modifier asks for a new tab; that is the browser's to do.
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
    onClick?.();
  };
  return (
    <a class={className} href={to} aria-label={label} title={title ?? label} aria-current={current ? "page" : undefined} onClick={follow}>
      {children}
    </a>
  );
}
