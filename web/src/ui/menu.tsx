import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

interface PopoverProps {
  /** Name of the button. */
  label: string;
  button: ComponentChildren;
  className?: string;
  /** What opens. */
  kind?: "menu" | "dialog";
  children: (close: () => void) => ComponentChildren;
}

const FOCUSABLE = ':is(button:not(:disabled), input:not(:disabled), select, a)';
const MARGIN_PX = 8;

/** A button that opens a small panel beneath it. Escape, a click elsewhere, or tabbing out closes it. */
export function Popover({ label, button, className = "icon-button", kind = "dialog", children }: PopoverProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const body = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (open && body.current !== null && opener.current !== null) place(body.current, opener.current);
  }, [open]);
  useEffect(() => {
    if (!open) return undefined;
    const first = body.current?.querySelector<HTMLElement>('[role="menuitemradio"][aria-checked="true"]') ?? body.current?.querySelector<HTMLElement>(FOCUSABLE);
    first?.focus({ preventScroll: true });
    const elsewhere = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    // Its button moves away from under it. Elsewhere all may scroll, as an answer does that is being written.
    const scrolled = (event: Event) => {
      if ((event.target as Node).contains(opener.current)) setOpen(false);
    };
    document.addEventListener("pointerdown", elsewhere);
    document.addEventListener("scroll", scrolled, true);
    return () => {
      document.removeEventListener("pointerdown", elsewhere);
      document.removeEventListener("scroll", scrolled, true);
    };
  }, [open]);
  const close = () => {
    setOpen(false);
    opener.current?.focus();
  };
  return (
    <div
      class="popover-root"
      ref={root}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !open) return;
        event.stopPropagation();
        close();
      }}
      onFocusOut={(event) => {
        const to = event.relatedTarget as Node | null;
        if (to !== null && !root.current?.contains(to)) setOpen(false);
      }}
    >
      <button
        type="button"
        ref={opener}
        class={className}
        aria-label={label}
        title={label}
        aria-haspopup={kind}
        aria-expanded={open}
        onKeyDown={(event) => {
          if (kind !== "menu" || open || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
          event.preventDefault();
          event.stopPropagation();
          setOpen(true);
        }}
        onClick={() => setOpen(!open)}
      >
        {button}
      </button>
      {open && <div class="popover" ref={body} {...(kind === "dialog" ? { role: "dialog", "aria-label": label } : {})}>{children(close)}</div>}
    </div>
  );
}

/** Below its button, or above it where there is more room; within the window, whatever scrolls or is cut around it. */
function place(body: HTMLElement, opener: HTMLElement): void {
  const from = opener.getBoundingClientRect();
  const below = innerHeight - from.bottom - MARGIN_PX;
  const above = from.top - MARGIN_PX;
  const up = body.offsetHeight > below && above > below;
  body.style.maxHeight = `${Math.max(up ? above : below, 96)}px`;
  body.style.top = up ? "auto" : `${from.bottom + 4}px`;
  body.style.bottom = up ? `${innerHeight - from.top + 4}px` : "auto";
  const wide = Math.min(body.offsetWidth, innerWidth - 2 * MARGIN_PX);
  const left = from.right - wide >= MARGIN_PX ? from.right - wide : from.left;
  body.style.left = `${Math.max(MARGIN_PX, Math.min(left, innerWidth - wide - MARGIN_PX))}px`;
}

export interface MenuItem {
  label: string;
  danger?: boolean;
  /** Of a choice: whether it is the one that holds. */
  checked?: boolean;
  run: () => void;
}

/** The keys of a menu: arrows go round, letters go to what begins with them, Home and End to the ends. */
function onMenuKey(event: KeyboardEvent): void {
  const items = [...(event.currentTarget as Element).querySelectorAll<HTMLElement>('[role^="menuitem"]')];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const letter = event.key.length === 1 && event.key !== " " ? event.key.toLocaleLowerCase() : null;
  const round = (by: number) => items[(at + by + items.length) % items.length];
  const after = [...items.slice(at + 1), ...items.slice(0, at + 1)];
  const next = { ArrowDown: round(1), ArrowUp: round(-1), Home: items[0], End: items.at(-1) }[event.key]
    ?? (letter === null ? undefined : after.find((item) => item.textContent?.trim().toLocaleLowerCase().startsWith(letter)));
  if (next === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  next.focus();
}

/** The items of a menu within a popover. */
export function MenuItems({ items, close, label }: { items: (MenuItem | false)[]; close: () => void; label: string }) {
  return (
    <div class="menu" role="menu" aria-label={label} onKeyDown={onMenuKey}>
      {items.map((item) => item !== false && (
        <button
          key={item.label}
          type="button"
          {...(item.checked === undefined ? { role: "menuitem" } : { role: "menuitemradio", "aria-checked": item.checked })}
          tabIndex={-1}
          class={item.danger ? "danger" : ""}
          onClick={() => {
            close();
            item.run();
          }}
        >
          {item.label}
        </button>
      ))}
    </div>
  );
}

interface MenuProps {
  label: string;
  button: ComponentChildren;
  className?: string;
  items: (MenuItem | false)[];
}

/** The usual use of a popover: a list of commands. */
export function Menu({ label, button, className, items }: MenuProps) {
  return (
    <Popover label={label} button={button} kind="menu" {...(className === undefined ? {} : { className })}>
      {(close) => <MenuItems close={close} items={items} label={label} />}
    </Popover>
  );
}
