import { signal } from "@preact/signals";
import { Problem, sentence } from "../http/problem";
import { keepFocus } from "./focus";
import { Icon } from "./icons";

interface Toast {
  id: number;
  text: string;
  kind: "error" | "info";
  action: Action | null;
}

interface Action {
  label: string;
  run: () => void;
}

const SHOWN_MS = 8_000;
/** For what the reader has just done, and can see. */
const BRIEFLY_MS = 4_000;

const toasts = signal<Toast[]>([]);
let count = 0;

function show(text: string, kind: Toast["kind"], shownMs: number | null = SHOWN_MS, action: Action | null = null): void {
  count += 1;
  const toast = { id: count, text, kind, action };
  toasts.value = [...toasts.value.filter((other) => other.text !== text), toast];
  if (shownMs !== null) setTimeout(() => dismiss(toast.id), shownMs);
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
  if (typeof document !== "undefined") keepFocus();
}

export const say = (text: string) => show(text, "info", BRIEFLY_MS);

/** Says what was done, with a way back. */
export const sayUndoable = (text: string, undo: () => void) => show(text, "info", SHOWN_MS, { label: "Undo", run: undo });

/** Stays until it is dismissed. */
export const warn = (text: string) => show(text, "error", null);

/** Shows what went wrong. For `.catch(complain)` where nothing else has to be undone. */
export const complain = (error: unknown) => show(sentence(error), "error");

/** For what is read again by itself at the next connection: that there is none is said by the banner. */
export function complainUnlessAway(error: unknown): void {
  if (!(error instanceof Problem) || error.code !== "unreachable") complain(error);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((toast) => (
        <div key={toast.id} class={`toast ${toast.kind}`} data-testid="toast">
          <span>{toast.text}</span>
          {toast.action !== null && (
            <button
              type="button"
              class="link"
              onClick={() => {
                dismiss(toast.id);
                toast.action?.run();
              }}
            >
              {toast.action.label}
            </button>
          )}
          <button type="button" class="icon-button" aria-label="Dismiss" onClick={() => dismiss(toast.id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
