import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./icons";
import { closePanel } from "./panel";

interface Props {
  title: string;
  name: string;
  children: ComponentChildren;
  onKeyDown?: (event: KeyboardEvent) => void;
}

/** The frame of whatever opens beside the conversation; over it on a phone. */
export function SidePanel({ title, name, children, onKeyDown }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <aside class="side-panel" aria-label={name} onKeyDown={(event) => onKeyDown?.(event)}>
      <header class="panel-header">
        <h2 ref={heading} tabIndex={-1} dir="auto">{title}</h2>
        <button type="button" class="icon-button" aria-label={`Close ${name.toLowerCase()}`} onClick={closePanel}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </aside>
  );
}
