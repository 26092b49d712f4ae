import type { Notebook } from "../realtime/types";
import { navigate, notebookPath } from "../ui/router";
import { FormDialog } from "../ui/dialog";
import { createNotebook, joinNotebook, renameNotebook } from "./store";

interface Props {
  onClose: () => void;
}

interface TextFieldProps {
  label: string;
  name: string;
  value?: string;
  hint?: string;
  placeholder?: string;
}

export function TextField({ label, name, value = "", hint, placeholder }: TextFieldProps) {
  return (
    <div class="field">
      <label for={`dialog-${name}`}>{label}</label>
      <input id={`dialog-${name}`} name={name} defaultValue={value} placeholder={placeholder} required autoFocus autocomplete="off" dir="auto" />
      {hint !== undefined && <p class="hint">{hint}</p>}
    </div>
  );
}

const text = (form: FormData, name: string) => String(form.get(name) ?? "").trim();

export function CreateNotebook({ onClose }: Props) {
  const create = async (form: FormData) => {
    const { id } = await createNotebook(text(form, "title"));
    navigate(notebookPath(id));
  };
  return (
    <FormDialog title="New notebook" action="Create notebook" onClose={onClose} onSubmit={create}>
      <TextField label="Title" name="title" placeholder="Marine biology, second term" />
    </FormDialog>
  );
}

export function JoinNotebook({ onClose }: Props) {
  const join = async (form: FormData) => {
    const { id } = await joinNotebook(text(form, "code"));
    navigate(notebookPath(id));
  };
  return (
    <FormDialog title="Join a notebook" action="Join notebook" onClose={onClose} onSubmit={join}>
      <TextField label="Join code" name="code" hint="Ask an owner: it is shown in the Members panel." />
    </FormDialog>
  );
}

export function RenameNotebook({ notebook, onClose }: Props & { notebook: Notebook }) {
  return (
    <FormDialog title="Rename notebook" action="Rename" onClose={onClose} onSubmit={(form) => renameNotebook(notebook.id, text(form, "title"))}>
      <TextField label="Title" name="title" value={notebook.title} />
    </FormDialog>
  );
}
