import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { showError, notify } from "../ui/toast";
import { addFiles } from "./add-files";
import { quoted } from "../ui/plain-name";
import { droppedFiles, pastedFiles } from "./transfer";

interface Props {
  notebookId: string;
  /** Viewers add nothing. */
  enabled: boolean;
  children: ComponentChildren;
}

const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;

/** Files can be dropped anywhere in a notebook, and pasted. */
export function DropZone({ notebookId, enabled, children }: Props) {
  const [over, setOver] = useState(false);
  // Entering a child comes before leaving its parent, so the two are counted.
  const depth = useRef(0);
  const move = (by: number) => {
    depth.current = Math.max(0, depth.current + by);
    setOver(depth.current > 0);
  };
  const add = (files: File[]) => {
    if (!enabled) return notify("Only editors of this notebook can add sources.");
    addFiles(notebookId, files);
    notify(files.length === 1 ? `Adding ${quoted(files[0]?.name ?? "")} to the sources.` : `Adding ${files.length} files to the sources.`);
  };
  return (
    <div
      class="drop-zone"
      data-testid="drop-zone"
      onDragEnter={(event) => hasFiles(event) && enabled && move(1)}
      onDragLeave={(event) => hasFiles(event) && enabled && move(-1)}
      onDragOver={(event) => hasFiles(event) && event.preventDefault()}
      onDrop={(event) => {
        if (!hasFiles(event) || event.dataTransfer === null) return;
        event.preventDefault();
        move(-depth.current);
        void droppedFiles(event.dataTransfer).then(add).catch(showError);
      }}
      onPaste={(event) => {
        const files = pastedFiles(event.clipboardData);
        if (files.length === 0) return;
        event.preventDefault();
        add(files);
      }}
    >
      {children}
      {over && <div class="drop-hint"><p>Drop to add to this notebook</p></div>}
    </div>
  );
}
