import { signal } from "@preact/signals";
import { sentence } from "../http/problem";
import { Icon } from "./icons";

interface Toast {
  id: number;
  text: string;
  kind: "error" | "info";
}

const SHOWN_MS = 8_000;

const toasts = signal<Toast[]>([]);
let count = 0;

function show(text: string, kind: Toast["kind"], shownMs: number | null = SHOWN_MS): void {
  count += 1;
  const toast = { id: count, text, kind };
  toasts.value = [...toasts.value.filter((other) => other.text !== text), toast];
  if (shownMs !== null) setTimeout(() => dismiss(toast.id), shownMs);
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

export const say = (text: string) => show(text, "info");

/** Stays until it is dismissed. */
export const warn = (text: string) => show(text, "error", null);

/** Shows what went wrong. For `.catch(complain)` where nothing else has to be undone. */
export const complain = (error: unknown) => show(sentence(error), "error");

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((toast) => (
        <div key={toast.id} class={`toast ${toast.kind}`} data-testid="toast">
          <span>{toast.text}</span>
          <button type="button" class="icon-button" aria-label="Dismiss" onClick={() => dismiss(toast.id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
