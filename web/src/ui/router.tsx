import { computed, signal } from "@preact/signals";
import type { ComponentChildren, TargetedMouseEvent } from "preact";

export type Route =
  | { page: "notebooks" }
  | { page: "join"; code: string }
  /** `conversationId: null`: whichever was open last; `"new"`: one that begins with the first message. */
  | { page: "notebook"; notebookId: string; conversationId: string | null }
  | { page: "unknown" };

const path = signal(location.pathname);
addEventListener("popstate", () => {
  path.value = location.pathname;
});

export const route = computed<Route>(() => parse(path.value));

export function parse(pathname: string): Route {
  const parts = pathname.split("/").filter((part) => part !== "");
  const [first, id, third, conversationId] = parts;
  if (first === undefined) return { page: "notebooks" };
  if (first === "join" && id !== undefined && parts.length === 2) return { page: "join", code: decodeURIComponent(id) };
  if (first !== "n" || id === undefined) return { page: "unknown" };
  if (parts.length === 2) return { page: "notebook", notebookId: id, conversationId: null };
  if (parts.length === 4 && third === "c" && conversationId !== undefined) {
    return { page: "notebook", notebookId: id, conversationId };
  }
  return { page: "unknown" };
}

export function notebookPath(notebookId: string, conversationId?: string): string {
  return conversationId === undefined ? `/n/${notebookId}` : `/n/${notebookId}/c/${conversationId}`;
}

export function navigate(to: string, how: "push" | "replace" = "push"): void {
  if (to === location.pathname) return;
  if (how === "push") history.pushState(null, "", to);
  else history.replaceState(null, "", to);
  path.value = to;
}

interface LinkProps {
  to: string;
  class?: string;
  label?: string;
  current?: boolean;
  onClick?: () => void;
  children: ComponentChildren;
}

export function Link({ to, label, current = false, onClick, children, class: className }: LinkProps) {
  const follow = (event: TargetedMouseEvent<HTMLAnchorElement>) => {
    // Another button or a modifier asks for a new tab; that is the browser's to do.
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
    onClick?.();
  };
  return (
    <a class={className} href={to} aria-label={label} aria-current={current ? "page" : undefined} onClick={follow}>
      {children}
    </a>
  );
}
