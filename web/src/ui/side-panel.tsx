import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./icons";
import { closePanel } from "./panel";

interface Props {
  title: string;
  name: string;
  children: ComponentChildren;
  onKeyDown?: (event: KeyboardEvent) => void;
  /** Whether its heading has the focus when it opens. */
  focused?: boolean;
  /** What it was opened from. */
  back?: string | null;
}

/** The frame of whatever opens beside the conversation; over it on a phone. */
export function SidePanel({ title, name, children, onKeyDown, focused = true, back = null }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (focused) heading.current?.focus();
  }, []);
  return (
    <aside class="side-panel" aria-label={name} onKeyDown={(event) => onKeyDown?.(event)}>
      <header class="panel-header">
        {back !== null && (
          <button type="button" class="icon-button" aria-label={back} title={back} onClick={() => history.back()}>
            <Icon name="back" />
          </button>
        )}
        <h2 ref={heading} tabIndex={-1} dir="auto">{title}</h2>
        <button type="button" class="icon-button" aria-label={`Close ${name.toLowerCase()}`} onClick={closePanel}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </aside>
  );
}
