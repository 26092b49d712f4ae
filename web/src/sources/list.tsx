import { useEffect, useRef, useState } from "preact/hooks";
import type { Role, Source } from "../realtime/types";
import { Icon } from "../ui/icons";
import { openPanel } from "../ui/panel";
import { plainName } from "../ui/plain-name";
import { RecentlyDeleted } from "../ui/recently-deleted";
import { useRoving } from "../ui/roving";
import { AddUrl } from "./add-url";
import { Duplicates } from "./duplicates";
import { pickFiles } from "./file-picker";
import { SourceRow } from "./row";
import { chooseAll, isUnreadable, keep, leftOut, searchable, sources } from "./store";
import { Unreadable } from "./unreadable";
import { UploadRow } from "./upload-row";
import { UploadSummary } from "./upload-summary";
import { uploads } from "./uploads";

/** From this many on, the list can be searched by name. */
const LONG = 10;

interface Props {
  notebookId: string;
  role: Role;
}

export function SourceList({ notebookId, role }: Props) {
  const add = useRef<HTMLButtonElement>(null);
  const [addingUrl, setAddingUrl] = useState(false);
  const [sought, setSought] = useState("");
  const list = sources.value;
  const here = uploads.value.filter((one) => one.notebookId === notebookId);
  const [sending, failed] = [here.filter(({ state }) => state !== "failed"), here.filter(({ state }) => state === "failed")];
  const editor = role !== "viewer";
  const empty = list?.length === 0 && here.length === 0;
  const long = (list?.length ?? 0) > LONG;
  const wanted = long ? sought.trim().toLocaleLowerCase() : "";
  const shown = list?.filter((source) => !isUnreadable(source) && source.name.toLocaleLowerCase().includes(wanted));
  const rows = useRoving<HTMLUListElement>(".source-name:is(button), input, .icon-button");
  useEffect(() => {
    // Nothing can be asked before there is a source.
    const now = document.activeElement as HTMLTextAreaElement | null;
    const busy = now?.value || now?.closest(".popover, dialog");
    if (empty && editor && !busy && matchMedia("(pointer: fine)").matches) add.current?.focus();
  }, [empty, editor]);
  return (
    <section class="sources" aria-label="Sources">
      <header class="section-header">
        <h2 id="sources" tabIndex={-1}>Sources</h2>
        {searchable.value.length > 1 && <ChooseAll total={searchable.value.length} />}
      </header>
      {editor && (
        <div class="row add-source">
          <button type="button" ref={add} class={empty ? "button primary" : "button quiet"} onClick={pickFiles}><Icon name="upload" /> Add files</button>
          <button type="button" class="button quiet" onClick={() => setAddingUrl(true)}><Icon name="link" /> Add web page</button>
        </div>
      )}
      {searchable.value.length > 0 && (
        <button type="button" class="search-button" aria-keyshortcuts="/" onClick={() => openPanel({ kind: "search", query: "" })}>
          <Icon name="search" /> Search in sources <kbd aria-hidden="true" data-text="/" />
        </button>
      )}
      {list === null && <p class="loading" role="status"><span class="spinner" /> Loading sources…</p>}
      {empty && (
        <div class="empty small" data-testid="no-sources">
          <Icon name="file" />
          <p><strong>No sources yet</strong></p>
          <p>{editor
            ? "Drop files here, or use the buttons above: PDF, Word, PowerPoint, Excel, CSV, HTML, Markdown or plain text."
            : "Editors of this notebook can add sources."}</p>
        </div>
      )}
      {long && (
        <input
          type="search"
          class="finder"
          aria-label="Find a source by name"
          placeholder="Find a source by name"
          value={sought}
          onInput={({ currentTarget }) => setSought(currentTarget.value)}
        />
      )}
      <UploadSummary notebookId={notebookId} />
      {list !== null && <Unreadable sources={list.filter(isUnreadable)} uploads={failed} role={role} />}
      <ul class="source-list" aria-label="Sources" {...rows}>
        {sending.map((one) => <UploadRow key={one.id} upload={one} />)}
        {shown?.map((source) => <SourceRow key={source.id} source={source} role={role} />)}
      </ul>
      {wanted !== "" && shown?.length === 0 && <p class="hint" role="status">No sources match.</p>}
      {editor && list !== null && (
        <RecentlyDeleted<Source> path={`/api/notebooks/${notebookId}/sources`} name="sources" titleOf={({ name }) => plainName(name)} onRestored={keep} length={list.length} />
      )}
      {addingUrl && <AddUrl notebookId={notebookId} onClose={() => setAddingUrl(false)} />}
      <Duplicates notebookId={notebookId} />
    </section>
  );
}

function ChooseAll({ total }: { total: number }) {
  const searched = searchable.value.filter(({ id }) => !leftOut.value.has(id)).length;
  return (
    <label class="choose-all">
      <input
        type="checkbox"
        checked={searched === total}
        ref={(box) => {
          if (box) box.indeterminate = searched > 0 && searched < total;
        }}
        onChange={({ currentTarget }) => chooseAll(currentTarget.checked)}
      />
      Use all sources
    </label>
  );
}
