import { useState } from "preact/hooks";
import { me } from "../auth/session";
import type { Notebook } from "../notebooks/store";
import { TextField } from "../notebooks/dialogs";
import type { Conversation } from "../realtime/types";
import { FormDialog } from "../ui/dialog";
import { Icon } from "../ui/icons";
import { MenuItems, Popover } from "../ui/menu";
import { Link, navigate, notebookPath } from "../ui/router";
import { isUnread } from "./merge";
import { changeConversation, conversations, deleteConversation, seen, titleOf } from "./store";

interface Props {
  notebook: Notebook;
  openId: string | null;
  /** On a phone, choosing one shows it. */
  onChoose: () => void;
}

export function ConversationList({ notebook, openId, onChoose }: Props) {
  const list = conversations.value;
  return (
    <section class="conversations" aria-label="Conversations">
      <header class="section-header">
        <h2>Conversations</h2>
        <Link class="icon-button" to={notebookPath(notebook.id, "new")} label="New conversation" onClick={onChoose}>
          <Icon name="add" />
        </Link>
      </header>
      {list?.length === 0 && <p class="hint">None yet. Your first question starts one.</p>}
      <ul class="conversation-list" aria-label="Conversations">
        {list?.map((conversation) => (
          <Row key={conversation.id} conversation={conversation} notebook={notebook} open={conversation.id === openId} onChoose={onChoose} />
        ))}
      </ul>
    </section>
  );
}

interface RowProps {
  conversation: Conversation;
  notebook: Notebook;
  open: boolean;
  onChoose: () => void;
}

function Row({ conversation, notebook, open, onChoose }: RowProps) {
  const [dialog, setDialog] = useState<"rename" | "delete" | null>(null);
  const title = titleOf(conversation);
  const { id } = conversation;
  const close = () => setDialog(null);
  const unread = !open && isUnread(conversation, seen.value);
  const mayManage = notebook.role !== "viewer" || conversation.createdBy === me.value?.id;
  const rename = (form: FormData) => changeConversation(id, { title: String(form.get("title") ?? "").trim() });
  const remove = async () => {
    await deleteConversation(id);
    if (open) navigate(notebookPath(notebook.id), "replace");
  };
  return (
    <li class={open ? "conversation open" : "conversation"}>
      <Link to={notebookPath(notebook.id, id)} current={open} onClick={onChoose}>
        <span class="conversation-title">{title}</span>
        {unread && <span class="dot new"><span class="visually-hidden">, unread</span></span>}
      </Link>
      {mayManage && (
        <Popover label={`Actions for ${title}`} button={<Icon name="dots" />}>
          {(closeMenu) => (
            <MenuItems
              close={closeMenu}
              items={[
                { label: "Rename", run: () => setDialog("rename") },
                { label: "Delete conversation", danger: true, run: () => setDialog("delete") },
              ]}
            />
          )}
        </Popover>
      )}
      {dialog === "rename" && (
        <FormDialog title="Rename conversation" action="Rename" onClose={close} onSubmit={rename}>
          <TextField label="Title" name="title" value={conversation.title ?? ""} />
        </FormDialog>
      )}
      {dialog === "delete" && (
        <FormDialog title="Delete conversation?" action="Delete conversation" danger onClose={close} onSubmit={remove}>
          <p>“{title}” goes for every member. This cannot be undone.</p>
        </FormDialog>
      )}
    </li>
  );
}
