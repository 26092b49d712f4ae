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
  /** It goes, and its action was not taken. */
  onPassed: () => void;
}

interface Action {
  label: string;
  run: () => void;
}

const SHOWN_MS = 8_000;
/** For what the reader has just done, and can see. */
const BRIEFLY_MS = 4_000;

const toasts = signal<Toast[]>([]);
/** What will take a toast away. */
const timers = new Map<number, ReturnType<typeof setTimeout>>();
let count = 0;
/** While somebody points at the toasts, or is in them by keyboard, none goes. */
let pointed = false;
let held = false;

const nothing = (): void => undefined;

function show(text: string, kind: Toast["kind"], shownMs: number | null = SHOWN_MS, action: Action | null = null, onPassed: () => void = nothing): number {
  count += 1;
  const toast = { id: count, text, kind, shownMs, action, onPassed };
  // The same is not said twice, but each way back is one of its own.
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

/** Once nobody is at them any more, each has its time again. */
function release(box: Element | null): void {
  if (!held || pointed || box?.matches(":focus-within")) return;
  held = false;
  for (const toast of toasts.peek()) start(toast);
}

function dismiss(id: number): void {
  const passed = toasts.peek().find((toast) => toast.id === id);
  remove(id);
  passed?.onPassed();
}

function remove(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
  if (typeof document !== "undefined") keepFocus();
}

/** `news`: of what the reader has not done. */
export const say = (text: string, news = false) => void show(text, "info", news ? SHOWN_MS : BRIEFLY_MS);

/**
 * Says what was done, with a way back. `onPassed`: it is gone, and nobody took the way. Answers what takes the notice away
 * when there is nothing to undo any more.
 */
export function sayUndoable(text: string, undo: () => void, onPassed = nothing): () => void {
  const id = show(text, "info", SHOWN_MS, { label: "Undo", run: undo }, onPassed);
  return () => remove(id);
}

/** Stays until it is dismissed. */
export const warn = (text: string) => void show(text, "error", null);

/** Shows what went wrong. For `.catch(complain)` where nothing else has to be undone. */
export const complain = (error: unknown) => void show(sentence(error), "error");

/** For what is read again by itself at the next connection: that there is none is said by the banner. */
export function complainUnlessAway(error: unknown): void {
  if (!(error instanceof Problem) || error.code !== "unreachable") complain(error);
}

/** What the newest notice offers. In a field the keys undo what was written, and in a dialog they are the dialog's. */
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
  // A toast that goes takes the focus with it, and no event says so.
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
        // A finger does not say that it has gone elsewhere.
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
