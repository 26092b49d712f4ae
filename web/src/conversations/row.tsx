import { useEffect, useRef, useState } from "preact/hooks";
import { me } from "../auth/session";
import { TextField } from "../notebooks/dialogs";
import type { Notebook } from "../realtime/types";
import type { Conversation } from "../realtime/types";
import { FormDialog } from "../ui/dialog";
import { Icon } from "../ui/icons";
import { Menu } from "../ui/menu";
import { panelQuery } from "../ui/panel";
import { Link, navigate, notebookPath } from "../ui/router";
import { showError } from "../ui/toast";
import { changeConversation, deleteConversation, hasNews, titleOf } from "./store";

interface Props {
  conversation: Conversation;
  notebook: Notebook;
  open: boolean;
}

export function ConversationRow({ conversation, notebook, open }: Props) {
  const [dialog, setDialog] = useState<"rename" | null>(null);
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    // Whoever comes by a link, or back to what was open last, sees where they are.
    if (open) row.current?.scrollIntoView({ block: "nearest" });
  }, [open]);
  const title = titleOf(conversation);
  const { id } = conversation;
  const close = () => setDialog(null);
  const unread = !open && hasNews(conversation);
  const mayManage = notebook.role !== "viewer" || conversation.createdBy === me.value?.id;
  const rename = (form: FormData) => changeConversation(id, { title: String(form.get("title") ?? "").trim() });
  const remove = async () => {
    await deleteConversation(conversation, () => {
      if (open) navigate(notebookPath(notebook.id, id));
    });
    if (open) navigate(notebookPath(notebook.id), "replace");
  };
  return (
    <li ref={row} class={open ? "conversation open" : "conversation"}>
      <Link to={notebookPath(notebook.id, id) + panelQuery()} current={open} title={title}>
        <span class="conversation-title" dir="auto">{title}</span>
        {unread && <span class="dot new"><span class="visually-hidden">, unread</span></span>}
      </Link>
      {mayManage && (
        <Menu
          label={`Actions for ${title}`}
          button={<Icon name="dots" />}
          items={[
            { label: "Rename", run: () => setDialog("rename") },
            { label: "Delete conversation", danger: true, run: () => void remove().catch(showError) },
          ]}
        />
      )}
      {dialog === "rename" && (
        <FormDialog title="Rename conversation" action="Rename" onClose={close} onSubmit={rename}>
          <TextField label="Title" name="title" value={conversation.title ?? ""} />
        </FormDialog>
      )}
    </li>
  );
}
