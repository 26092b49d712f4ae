import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Problem, sentence } from "../http/problem";
import { keepFocus } from "./focus";
import { Icon } from "./icons";

interface Toast {
  id: number;
  text: string;
  kind: "error" | "info";
  /** `null`: until it is dismissed. */
  shownMs: number | null;
  action: Action | null;
  /** Called when it disappears without its action being used. */
  onExpired: () => void;
}

interface Action {
  label: string;
  run: () => void;
}

const SHOWN_MS = 8_000;
/** For something the user has just done, and can see. */
const BRIEFLY_MS = 4_000;

const toasts = signal<Toast[]>([]);
/** The timers that remove toasts. */
const timers = new Map<number, ReturnType<typeof setTimeout>>();
let count = 0;
/** While the pointer or the keyboard focus is on the toasts, none disappears. */
let pointed = false;
let held = false;

const nothing = (): void => undefined;

function show(text: string, kind: Toast["kind"], shownMs: number | null = SHOWN_MS, action: Action | null = null, onExpired: () => void = nothing): number {
  count += 1;
  const toast = { id: count, text, kind, shownMs, action, onExpired };
  // Replaces a toast with the same text, unless it has an action: each "Undo" is its own.
  toasts.value = [...toasts.value.filter((other) => other.text !== text || other.action !== null), toast];
  if (!held) start(toast);
  return toast.id;
}

function start({ id, shownMs }: Toast): void {
  if (shownMs !== null) timers.set(id, setTimeout(() => dismiss(id), shownMs));
}

function hold(): void {
  held = true;
  for (const timer of timers.values()) clearTimeout(timer);
  timers.clear();
}

/** Restarts each toast's time once neither pointer nor focus is on them. */
function release(box: Element | null): void {
  if (!held || pointed || box?.matches(":focus-within")) return;
  held = false;
  for (const toast of toasts.peek()) start(toast);
}

function dismiss(id: number): void {
  const passed = toasts.peek().find((toast) => toast.id === id);
  remove(id);
  passed?.onExpired();
}

function remove(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
  if (typeof document !== "undefined") keepFocus();
}

/** `unprompted`: about something that the user did not do. */
export const notify = (text: string, unprompted = false) => void show(text, "info", unprompted ? SHOWN_MS : BRIEFLY_MS);

/**
 * Says what was done, with an "Undo" button. `onExpired` is called if the toast disappears without an undo. Returns a function
 * that removes the toast when there is nothing left to undo.
 */
export function notifyUndoable(text: string, undo: () => void, onExpired = nothing): () => void {
  const id = show(text, "info", SHOWN_MS, { label: "Undo", run: undo }, onExpired);
  return () => remove(id);
}

/** Shows a warning until it is dismissed. */
export const warn = (text: string) => void show(text, "error", null);

/** Shows what went wrong, for `.catch(showError)`. */
export const showError = (error: unknown) => void show(sentence(error), "error");

/** For data that is read again at the next connection: the banner already says that there is none. */
export function showErrorUnlessOffline(error: unknown): void {
  if (!(error instanceof Problem) || error.code !== "unreachable") showError(error);
}

/** Runs the newest toast's action. In a field the keys undo typing, and in a dialog they belong to the dialog. */
function onUndoKey(event: KeyboardEvent): void {
  const asked = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "z";
  const elsewhere = event.target instanceof Element && event.target.closest("input, textarea, select, dialog") !== null;
  const toast = toasts.peek().findLast(({ action }) => action !== null);
  if (!asked || elsewhere || toast === undefined) return;
  event.preventDefault();
  take(toast);
}

function take({ id, action }: Toast): void {
  remove(id);
  action?.run();
}

export function Toasts() {
  const box = useRef<HTMLDivElement>(null);
  // A toast that disappears takes the focus with it, without an event.
  useEffect(() => release(box.current), [toasts.value]);
  useEffect(() => {
    document.addEventListener("keydown", onUndoKey);
    return () => document.removeEventListener("keydown", onUndoKey);
  }, []);
  return (
    <div
      class="toasts"
      ref={box}
      role="status"
      aria-live="polite"
      onPointerEnter={({ pointerType }) => {
        // A touch does not report where the finger goes next.
        if (pointerType !== "mouse") return;
        pointed = true;
        hold();
      }}
      onPointerLeave={() => {
        pointed = false;
        release(box.current);
      }}
      onFocusIn={hold}
      onFocusOut={() => setTimeout(() => release(box.current))}
    >
      {toasts.value.map((toast) => (
        <div key={toast.id} class={`toast ${toast.kind}`} data-testid="toast">
          <span>{toast.text}</span>
          {toast.action !== null && (
            <button type="button" class="link" title={`${toast.action.label} (Ctrl+Z)`} aria-keyshortcuts="Control+Z Meta+Z" onClick={() => take(toast)}>
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
