import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./icons";
import { closePanel } from "./panel";

/** The frame of whatever opens beside the conversation; over it on a phone. */
export function SidePanel({ title, name, children }: { title: string; name: string; children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <aside class="side-panel" aria-label={name}>
      <header class="panel-header">
        <h2 ref={heading} tabIndex={-1}>{title}</h2>
        <button type="button" class="icon-button" aria-label={`Close ${name.toLowerCase()}`} onClick={closePanel}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </aside>
  );
}
