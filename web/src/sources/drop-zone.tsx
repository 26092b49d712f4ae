import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { upload } from "./uploads";

interface Props {
  notebookId: string;
  /** Viewers add nothing. */
  enabled: boolean;
  children: ComponentChildren;
}

const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;

/** Files can be dropped anywhere in a notebook. */
export function DropZone({ notebookId, enabled, children }: Props) {
  const [over, setOver] = useState(false);
  // Entering a child comes before leaving its parent, so the two are counted.
  const depth = useRef(0);
  const move = (by: number) => {
    depth.current = Math.max(0, depth.current + by);
    setOver(depth.current > 0);
  };
  if (!enabled) return <div class="drop-zone">{children}</div>;
  return (
    <div
      class="drop-zone"
      data-testid="drop-zone"
      onDragEnter={(event) => hasFiles(event) && move(1)}
      onDragLeave={(event) => hasFiles(event) && move(-1)}
      onDragOver={(event) => hasFiles(event) && event.preventDefault()}
      onDrop={(event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        move(-depth.current);
        upload(notebookId, event.dataTransfer?.files ?? []);
      }}
    >
      {children}
      {over && <div class="drop-hint"><p>Drop to add to this notebook</p></div>}
    </div>
  );
}
