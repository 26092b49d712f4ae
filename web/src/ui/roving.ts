import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

const OPENED = ".popover, dialog";

/**
 * One stop for Tab in a list, whatever its length: the arrows go from row to row. `main` selects what a row is about; what
 * else can be focused in a row is reached from there with Tab.
 */
export function useRoving<T extends HTMLElement>(main: string): { ref: RefObject<T | null>; onKeyDown: (event: KeyboardEvent) => void; onFocusIn: (event: FocusEvent) => void } {
  const ref = useRef<T>(null);
  const current = useRef<Element | null>(null);
  const rows = () => [...(ref.current?.children ?? [])].filter((row) => row.querySelector(main) !== null);
  const settle = () => {
    const all = rows();
    if (current.current === null || !all.includes(current.current)) {
      current.current = all.find((row) => row.querySelector('[aria-current="page"]') !== null) ?? all[0] ?? null;
    }
    for (const row of all) {
      for (const stop of row.querySelectorAll<HTMLElement>("a, button, input:not([type=file])")) {
        // What opens from a row has an order of its own.
        if (stop.closest(OPENED) === null) stop.tabIndex = row === current.current ? 0 : -1;
      }
    }
  };
  // After each drawing: rows come and go.
  useLayoutEffect(settle);
  return {
    ref,
    onFocusIn: (event) => {
      const row = rows().find((one) => one.contains(event.target as Node));
      if (row === undefined || row === current.current) return;
      current.current = row;
      settle();
    },
    onKeyDown: (event) => {
      if (event.defaultPrevented || (event.target as Element).closest(OPENED) !== null) return;
      const all = rows();
      const at = all.findIndex((row) => row.contains(event.target as Node));
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
      const next = to === undefined ? undefined : all[to]?.querySelector<HTMLElement>(main);
      if (next == null) return;
      event.preventDefault();
      next.focus();
    },
  };
}
