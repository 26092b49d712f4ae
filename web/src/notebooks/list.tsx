import { useEffect, useState } from "preact/hooks";
import type { Notebook } from "../realtime/types";
import { Icon } from "../ui/icons";
import { Link, notebookPath } from "../ui/router";
import { ago } from "../ui/time";
import { RecentlyDeleted } from "../ui/recently-deleted";
import { setTitle } from "../ui/title";
import { CreateNotebook, JoinNotebook } from "./dialogs";
import { ROLES } from "./role-select";
import { keep, notebooks } from "./store";

function NotebookCard({ notebook }: { notebook: Notebook }) {
  return (
    <li>
      <Link to={notebookPath(notebook.id)} class="notebook-card">
        <strong dir="auto">{notebook.title}</strong>
        <span class="hint">Created {ago(notebook.createdAt)} · {ROLES[notebook.role]}</span>
      </Link>
    </li>
  );
}

const STEPS = [
  ["Create a notebook", "One for each subject, course or project."],
  ["Add sources", "PDF, Word, slides, tables, web pages or notes."],
  ["Ask", "Answers cite your sources and show you the passage."],
] as const;

function FirstSteps({ onCreate }: { onCreate: () => void }) {
  return (
    <div class="empty" data-testid="no-notebooks">
      <h2>Create your first notebook</h2>
      <ol class="steps">
        {STEPS.map(([title, detail]) => <li key={title}><strong>{title}</strong><span>{detail}</span></li>)}
      </ol>
      <button type="button" class="button primary" onClick={onCreate}>Create your first notebook</button>
    </div>
  );
}

export function NotebooksPage() {
  const [dialog, setDialog] = useState<"create" | "join" | null>(null);
  const close = () => setDialog(null);
  const list = notebooks.value;
  useEffect(() => {
    setTitle("Notebooks");
  }, []);
  return (
    <main id="main" class="page" tabIndex={-1}>
      <header class="page-header">
        <h1>Notebooks</h1>
        <button type="button" class="button quiet" onClick={() => setDialog("join")}>Join with a code</button>
        <button type="button" class="button primary" onClick={() => setDialog("create")}><Icon name="add" /> New notebook</button>
      </header>
      {list === null && <p class="loading" role="status"><span class="spinner" /> Loading your notebooks…</p>}
      {list?.length === 0 && <FirstSteps onCreate={() => setDialog("create")} />}
      <ul class="notebook-grid" aria-label="Notebooks">
        {list?.map((notebook) => <NotebookCard key={notebook.id} notebook={notebook} />)}
      </ul>
      {list !== null && (
        <RecentlyDeleted<Notebook> path="/api/notebooks" name="notebooks" titleOf={({ title }) => title} onRestored={keep} length={list.length} />
      )}
      {dialog === "create" && <CreateNotebook onClose={close} />}
      {dialog === "join" && <JoinNotebook onClose={close} />}
    </main>
  );
}
