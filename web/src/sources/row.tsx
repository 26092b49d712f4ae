import { useRef } from "preact/hooks";
import { download } from "../http/client";
import type { Role, Source } from "../realtime/types";
import { Icon } from "../ui/icons";
import { Menu } from "../ui/menu";
import { openPanel } from "../ui/panel";
import { ProgressBar } from "../ui/progress-bar";
import { showError } from "../ui/toast";
import { factsOf } from "./facts";
import { LeftOut } from "./left-out";
import { ACCEPT } from "./file-picker";
import { progressOf } from "./progress";
import { choose, deleteSource, isUnreadable, leftOut, retry } from "./store";
import { upload } from "./uploads";

interface Props {
  source: Source;
  role: Role;
}

/** Reasons that another try may find gone. The bytes of a file stay the same, and so does what is wrong with them. */
const PASSING = new Set([
  "url_unreachable", "url_status", "url_timeout", "url_content_type", "url_too_large", "url_too_many_redirects", "extract_timeout", "extract_memory",
  "extract_crashed", "pdf_tools_missing", "pdf_language_missing", "passages_spent", "embedding_failed", "ingest_crashed",
]);

export function SourceRow({ source, role }: Props) {
  const newVersion = useRef<HTMLInputElement>(null);
  const { name, latest: { state, ahead, notRead }, origin } = source;
  const progress = progressOf(state, ahead);
  const editor = role !== "viewer";
  const unreadable = isUnreadable(source);
  const replace = () => newVersion.current?.click();
  const remove = () => void deleteSource(source).catch(showError);
  return (
    <li class={`source ${state.step}`} data-testid="source" data-state={state.step}>
      {unreadable
        ? <span class="source-icon"><Icon name="file" /></span>
        : (
          <label class="tick" title="Use this source in answers">
            <input
              type="checkbox"
              aria-label={`Use ${name}`}
              checked={!leftOut.value.has(source.id)}
              onChange={({ currentTarget }) => choose(source.id, currentTarget.checked)}
            />
          </label>
        )}
      <div class="source-main">
        {source.readyVersion === null
          ? <span class="source-name" dir="auto" title={name}>{name}</span>
          : <button type="button" class="source-name" dir="auto" title={`Open ${name}`} aria-label={`Open ${name}`} onClick={() => open(source)}>{name}</button>}
        {progress === null ? <span class="hint">{factsOf(source)}</span> : <ProgressBar name={`Progress of ${name}`} {...progress} />}
        {state.step === "ready" && <LeftOut notRead={notRead} />}
        {state.step === "failed" && (
          <p class="problem">
            {state.message}{" "}
            {editor && PASSING.has(state.code) && <><button type="button" class="link" aria-label={`Try again: ${name}`} onClick={() => void retry(source.id).catch(showError)}>Try again</button>{" "}</>}
            {editor && origin.kind === "upload" && <><button type="button" class="link" aria-label={`Replace ${name}`} onClick={replace}>Replace</button>{" "}</>}
            {editor && unreadable && <button type="button" class="link" aria-label={`Remove ${name}`} onClick={remove}>Remove</button>}
          </p>
        )}
      </div>
      <Menu
        label={`Actions for ${name}`}
        button={<Icon name="dots" />}
        items={[
          source.latest.size > 0 && { label: "Download the file", run: () => void save(source).catch(showError) },
          editor && origin.kind === "upload" && { label: "Upload a new version", run: replace },
          editor && { label: "Delete source", danger: true, run: remove },
        ]}
      />
      <input
        ref={newVersion}
        type="file"
        class="visually-hidden"
        tabIndex={-1}
        aria-label={`New version of ${name}`}
        accept={ACCEPT}
        onChange={({ currentTarget }) => {
          upload(source.notebookId, currentTarget.files ?? [], source.id);
          currentTarget.value = "";
        }}
      />
    </li>
  );
}

function open(source: Source): void {
  if (source.readyVersion === null) return;
  const { id: sourceId, readyVersion: version, name: sourceName } = source;
  openPanel({ kind: "passage", target: { sourceId, version, sourceName, page: 1, range: null, focus: null, quote: null } });
}

async function save({ id, name, latest }: Source): Promise<void> {
  const url = URL.createObjectURL(await download(`/api/sources/${id}/versions/${latest.version}/file`));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
