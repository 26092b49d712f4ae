import { goBack, navigate, query } from "./router";

// What lies over a page, or beside it, is a part of its address: it survives a reload, can be sent to somebody, and Back
// closes it.

/** In the history's entry of a layer that was opened here, so that one step back is where it was not open. */
interface LayerState {
  opened: string;
  note?: unknown;
}

type Names = Readonly<Record<string, string | null>>;

/** The page's address with some of its parameters changed; `null` takes one away. */
export function withQuery(changes: Names): string {
  const next = new URLSearchParams(query.peek());
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  return location.pathname + (text === "" ? "" : `?${text}`);
}

function stateOf(name: string): LayerState | null {
  const state = history.state as LayerState | null;
  return state?.opened === name ? state : null;
}

/** What was noted down with the layer that is open. */
export const noteOf = (name: string): unknown => stateOf(name)?.note;

/** Opens a layer. One of the same name that is open gives way, so Back closes either. */
export function openLayer(name: string, open: boolean, changes: Names, note?: unknown): void {
  const state: LayerState = { opened: name, note };
  if (!open) return navigate(withQuery(changes), "push", state);
  navigate(withQuery(changes), "replace", stateOf(name) === null ? history.state : state);
}

/** Closes it, by going back where that leads to the same page without it. */
export function closeLayer(name: string, changes: Names): void {
  if (stateOf(name) !== null) goBack(withQuery(changes));
  else navigate(withQuery(changes), "replace", history.state);
}
