import { useRef, useState } from "preact/hooks";
import { download } from "../http/client";
import type { Role, Source } from "../realtime/types";
import { FormDialog } from "../ui/dialog";
import { Icon } from "../ui/icons";
import { MenuItems, Popover } from "../ui/menu";
import { openPanel } from "../ui/panel";
import { ProgressBar } from "../ui/progress-bar";
import { bytes } from "../ui/time";
import { complain } from "../ui/toast";
import { LeftOut } from "./left-out";
import { ACCEPT } from "./list";
import { progressOf } from "./progress";
import { choose, deleteSource, leftOut, retry } from "./store";
import { upload } from "./uploads";

interface Props {
  source: Source;
  role: Role;
}

export function SourceRow({ source, role }: Props) {
  const [deleting, setDeleting] = useState(false);
  const newVersion = useRef<HTMLInputElement>(null);
  const { state, ahead, notRead } = source.latest;
  const progress = progressOf(state, ahead);
  const editor = role !== "viewer";
  return (
    <li class={`source ${state.step}`} data-testid="source" data-state={state.step}>
      <input
        type="checkbox"
        aria-label={`Search ${source.name}`}
        title="Search this source"
        checked={!leftOut.value.has(source.id)}
        onChange={({ currentTarget }) => choose(source.id, currentTarget.checked)}
      />
      <div class="source-main">
        {source.readyVersion === null
          ? <span class="source-name">{source.name}</span>
          : <button type="button" class="source-name" aria-label={`Open ${source.name}`} onClick={() => open(source)}>{source.name}</button>}
        {progress === null ? <Facts source={source} /> : <ProgressBar name={`Progress of ${source.name}`} {...progress} />}
        {state.step === "ready" && <LeftOut notRead={notRead} />}
        {state.step === "failed" && (
          <p class="problem" role="alert">
            {state.message}{" "}
            {editor && <button type="button" class="link" aria-label={`Retry ${source.name}`} onClick={() => void retry(source.id).catch(complain)}>Retry</button>}
          </p>
        )}
      </div>
      <Popover label={`Actions for ${source.name}`} button={<Icon name="dots" />}>
        {(close) => (
          <MenuItems
            close={close}
            items={[
              source.latest.size > 0 && { label: "Download the file", run: () => void save(source).catch(complain) },
              editor && source.origin.kind === "upload" && { label: "Upload a new version", run: () => newVersion.current?.click() },
              editor && { label: "Delete source", danger: true, run: () => setDeleting(true) },
            ]}
          />
        )}
      </Popover>
      <input
        ref={newVersion}
        type="file"
        class="visually-hidden"
        tabIndex={-1}
        aria-label={`New version of ${source.name}`}
        accept={ACCEPT}
        onChange={({ currentTarget }) => {
          upload(source.notebookId, currentTarget.files ?? [], source.id);
          currentTarget.value = "";
        }}
      />
      {deleting && (
        <FormDialog title="Delete source?" action="Delete source" danger onClose={() => setDeleting(false)} onSubmit={() => deleteSource(source.id)}>
          <p>“{source.name}” is no longer searched, and its passages can no longer be opened. This cannot be undone.</p>
        </FormDialog>
      )}
    </li>
  );
}

function Facts({ source: { latest, origin } }: { source: Source }) {
  const pages = latest.pageCount === null ? null : `${latest.pageCount} ${latest.pageCount === 1 ? "page" : "pages"}`;
  const version = latest.version === 1 ? null : `version ${latest.version}`;
  const kind = origin.kind === "url" ? "web page" : latest.format.toUpperCase();
  const facts = [kind, pages, latest.size > 0 ? bytes(latest.size) : null, version].filter((fact) => fact !== null);
  return <span class="hint">{facts.join(" · ")}</span>;
}

function open(source: Source): void {
  if (source.readyVersion === null) return;
  const { id: sourceId, readyVersion: version, name: sourceName } = source;
  openPanel({ kind: "passage", target: { sourceId, version, sourceName, page: 1, range: null, quote: null } });
}

async function save({ id, name, latest }: Source): Promise<void> {
  const url = URL.createObjectURL(await download(`/api/sources/${id}/versions/${latest.version}/file`));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
