import { useId, useState } from "preact/hooks";
import type { Role, Source } from "../realtime/types";
import { Icon } from "../ui/icons";
import { SourceRow } from "./row";
import { UploadRow } from "./upload-row";
import type { Upload } from "./uploads";

/** More than so many at once would push the others off the screen. */
const FEW = 2;

interface Props {
  sources: readonly Source[];
  uploads: readonly Upload[];
  role: Role;
}

/** Files of which there is nothing to search, out of the way of the others: how many, and each with its reason. */
export function Unreadable({ sources, uploads, role }: Props) {
  const ids = [...uploads, ...sources].map(({ id }) => id);
  const [before] = useState(() => new Set(ids));
  const [toggled, setToggled] = useState(false);
  const id = useId();
  // What has just failed says why. What was found like this, at a reload for example, has said it.
  const fresh = ids.length <= FEW && ids.some((one) => !before.has(one));
  const open = fresh !== toggled;
  if (ids.length === 0) return null;
  return (
    <div class="unreadable">
      <button type="button" class="link quiet-link" aria-expanded={open} aria-controls={id} onClick={() => setToggled(!toggled)}>
        <Icon name="warn" /> <span>{summaryOf(sources.length, uploads.length)}</span> <Icon name={open ? "down" : "forward"} />
      </button>
      {open && (
        <ul id={id} aria-label="Files that could not be read or added">
          {uploads.map((upload) => <UploadRow key={upload.id} upload={upload} />)}
          {sources.map((source) => <SourceRow key={source.id} source={source} role={role} />)}
        </ul>
      )}
    </div>
  );
}

function summaryOf(unread: number, failed: number): string {
  const parts = [
    failed > 0 && `${failed} ${failed === 1 ? "file was" : "files were"} not added`,
    unread > 0 && `${unread} ${unread === 1 ? "source" : "sources"} could not be read`,
  ];
  return parts.filter((part) => part !== false).join(", ");
}
