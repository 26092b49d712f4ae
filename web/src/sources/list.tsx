import { useRef, useState } from "preact/hooks";
import type { Role } from "../realtime/types";
import { Icon } from "../ui/icons";
import { AddUrl } from "./add-url";
import { SourceRow } from "./row";
import { chooseAll, leftOut, sources } from "./store";
import { UploadRow } from "./upload-row";
import { upload, uploads } from "./uploads";

/** What the server can read. Only a help for the file picker: the server looks at the content. */
export const ACCEPT = ".pdf,.docx,.pptx,.xlsx,.csv,.html,.htm,.md,.markdown,.txt";

interface Props {
  notebookId: string;
  role: Role;
}

export function SourceList({ notebookId, role }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [addingUrl, setAddingUrl] = useState(false);
  const list = sources.value;
  const sending = uploads.value.filter((one) => one.notebookId === notebookId);
  const editor = role !== "viewer";
  const empty = list?.length === 0 && sending.length === 0;
  return (
    <section class="sources" aria-label="Sources">
      <header class="section-header">
        <h2>Sources</h2>
        {list !== null && list.length > 1 && <ChooseAll total={list.length} />}
      </header>
      {editor && (
        <div class="row add-source">
          <button type="button" class="button quiet" onClick={() => input.current?.click()}><Icon name="upload" /> Add files</button>
          <button type="button" class="button quiet" onClick={() => setAddingUrl(true)}><Icon name="link" /> Add web page</button>
          <input
            ref={input}
            type="file"
            class="visually-hidden"
            tabIndex={-1}
            aria-label="Files to add"
            multiple
            accept={ACCEPT}
            onChange={({ currentTarget }) => {
              upload(notebookId, currentTarget.files ?? []);
              currentTarget.value = "";
            }}
          />
        </div>
      )}
      {list === null && <p class="loading" role="status"><span class="spinner" /> Loading sources…</p>}
      {empty && (
        <div class="empty small" data-testid="no-sources">
          <Icon name="file" />
          <p><strong>No sources yet</strong></p>
          <p>{editor
            ? "Drop files here, or use the buttons above: PDF, Word, PowerPoint, Excel, CSV, HTML, Markdown or plain text."
            : "An editor of this notebook can add some."}</p>
        </div>
      )}
      <ul class="source-list" aria-label="Sources">
        {list?.map((source) => <SourceRow key={source.id} source={source} role={role} />)}
        {sending.map((one) => <UploadRow key={one.id} upload={one} />)}
      </ul>
      {addingUrl && <AddUrl notebookId={notebookId} onClose={() => setAddingUrl(false)} />}
    </section>
  );
}

function ChooseAll({ total }: { total: number }) {
  const searched = total - leftOut.value.size;
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
      Search all
    </label>
  );
}
