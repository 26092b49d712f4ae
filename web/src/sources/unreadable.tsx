import { useId, useState } from "preact/hooks";
import type { Role, Source } from "../realtime/types";
import { Icon } from "../ui/icons";
import { SourceRow } from "./row";

/** Sources of which nothing could be read, out of the way of the others: how many, and each with its reason. */
export function UnreadableSources({ sources, role }: { sources: readonly Source[]; role: Role }) {
  const [toggled, setToggled] = useState(false);
  const id = useId();
  // Few are said at once. Many would push the others off the screen.
  const open = (sources.length <= 2) !== toggled;
  if (sources.length === 0) return null;
  return (
    <div class="unreadable">
      <button type="button" class="link quiet-link" aria-expanded={open} aria-controls={id} onClick={() => setToggled(!toggled)}>
        <Icon name="warn" /> {sources.length} {sources.length === 1 ? "source" : "sources"} could not be read
      </button>
      {open && (
        <ul id={id} aria-label="Sources that could not be read">
          {sources.map((source) => <SourceRow key={source.id} source={source} role={role} />)}
        </ul>
      )}
    </div>
  );
}
