import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface PopoverProps {
  /** Name of the button. */
  label: string;
  button: ComponentChildren;
  className?: string;
  children: (close: () => void) => ComponentChildren;
}

/** A button that opens a small panel beneath it. Escape, a click elsewhere, or tabbing out closes it. */
export function Popover({ label, button, className = "icon-button", children }: PopoverProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    root.current?.querySelector<HTMLElement>(".popover :is(button, input:checked, a)")?.focus();
    const elsewhere = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", elsewhere);
    return () => document.removeEventListener("pointerdown", elsewhere);
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
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {button}
      </button>
      {open && <div class="popover">{children(close)}</div>}
    </div>
  );
}

interface MenuItem {
  label: string;
  danger?: boolean;
  run: () => void;
}

/** The usual use of a popover: a list of commands. */
export function MenuItems({ items, close }: { items: (MenuItem | false)[]; close: () => void }) {
  return (
    <ul class="menu">
      {items.map((item) => item !== false && (
        <li key={item.label}>
          <button
            type="button"
            class={item.danger ? "danger" : ""}
            onClick={() => {
              close();
              item.run();
            }}
          >
            {item.label}
          </button>
        </li>
      ))}
    </ul>
  );
}
