import { useState } from "preact/hooks";
import type { Notebook } from "../realtime/types";
import { Avatar } from "../ui/avatar";
import { Icon } from "../ui/icons";
import { Menu } from "../ui/menu";
import { closePanel, openPanel, panel } from "../ui/panel";
import { navigate } from "../ui/router";
import { showError } from "../ui/toast";
import { RenameNotebook } from "./dialogs";
import { members } from "./members";
import { deleteNotebook } from "./store";

const FACES = 3;

/** The part of the top bar that belongs to the notebook that is open. */
export function NotebookHeader({ notebook }: { notebook: Notebook }) {
  const [dialog, setDialog] = useState<"rename" | null>(null);
  const close = () => setDialog(null);
  const remove = async () => {
    await deleteNotebook(notebook);
    navigate("/");
  };
  return (
    <>
      <h1 class="notebook-title" dir="auto" title={notebook.title}>{notebook.title}</h1>
      {notebook.role === "owner" && (
        <Menu
          label="Notebook actions"
          button={<Icon name="dots" />}
          items={[
            { label: "Rename notebook", run: () => setDialog("rename") },
            { label: "Delete notebook", danger: true, run: () => void remove().catch(showError) },
          ]}
        />
      )}
      <span class="spacer" />
      <MembersButton />
      {dialog === "rename" && <RenameNotebook notebook={notebook} onClose={close} />}
    </>
  );
}

function MembersButton() {
  const known = members.value;
  const open = panel.value?.kind === "members";
  const here = new Set(known?.present);
  const list = [...(known?.members ?? [])].sort((a, b) => Number(here.has(b.user.id)) - Number(here.has(a.user.id)));
  const label = known === null ? "Members" : `Members: ${list.length}, here now: ${here.size}`;
  return (
    <button type="button" class="members-button" aria-label={label} title={label} aria-expanded={open} onClick={() => (open ? closePanel() : openPanel({ kind: "members" }))}>
      <span class="faces">
        {list.slice(0, FACES).map(({ user }) => <Avatar key={user.id} id={user.id} name={user.name} present={here.has(user.id)} />)}
      </span>
      {list.length > FACES ? <span aria-hidden="true" data-text={`+${list.length - FACES}`} /> : <Icon name="people" />}
    </button>
  );
}
