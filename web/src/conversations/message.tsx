import { useMemo, useState } from "preact/hooks";
import { me } from "../auth/session";
import type { Message, Role } from "../realtime/types";
import { Avatar } from "../ui/avatar";
import { MarkdownView, NO_CITATIONS } from "../ui/markdown-view";
import { when } from "../ui/time";
import { showError } from "../ui/toast";
import { editMessage, regenerate } from "./actions";
import { askedOf } from "./asked";
import { deleteMessages } from "./deleting";
import { EditForm } from "./edit-form";
import { Action, copyText } from "./message-action";

interface Props {
  message: Message;
  /** To this message, oldest first. */
  answers: readonly Message[];
  role: Role;
  /** What answers it. */
  model: string | null;
}

/** What a member has written. */
export function MessageView({ message, answers, role, model }: Props) {
  const [editing, setEditing] = useState(false);
  // Whoever edits by keyboard goes on from where they began.
  const [edited, setEdited] = useState(false);
  const endEdit = () => {
    setEdited(true);
    setEditing(false);
  };
  const asked = useMemo(() => askedOf(message), [message]);
  if (message.deletedAt !== null) return <li class="message deleted"><p>Message deleted</p></li>;
  if (message.author.kind !== "user") return null;
  const { userId, name } = message.author;
  const mine = userId === me.value?.id;
  const again = async () => {
    // The newest answer is what the next one takes the place of.
    await regenerate(answers.at(-1) ?? message, model);
  };
  const save = async (text: string, ask: boolean) => {
    if (text !== message.content) await editMessage(message, text);
    if (ask) await again();
  };
  const remove = () => {
    // A question takes its answers along, where they are this member's to delete.
    const along = role === "viewer" ? [] : answers;
    const also = along.length === 0 ? "" : along.length === 1 ? " and its answer" : ` and its ${along.length} answers`;
    deleteMessages(message.conversationId, [...along, message], `Message${also} deleted.`);
  };
  return (
    <li class={mine ? "message mine" : "message theirs"} data-editing={editing} data-testid="message" aria-label={`${mine ? "You" : name}, ${when(message.createdAt)}`}>
      {!mine && <Avatar id={userId} name={name} />}
      <div class="bubble">
        <h3 class="meta">
          {mine ? <span class="visually-hidden">You</span> : <strong dir="auto">{name}</strong>}
          <time dateTime={message.createdAt}>{when(message.createdAt)}</time>
          {message.editedAt !== null && <span>edited</span>}
        </h3>
        {editing
          ? <EditForm text={message.content} answered={answers.length > 0} onSave={save} onClose={endEdit} />
          : <MarkdownView text={message.content} citations={NO_CITATIONS} />}
        {asked !== null && <p class="hint">{asked}</p>}
        {!editing && (
          <div class="actions">
            <Action icon="copy" label="Copy message" run={() => copyText(message.content)} />
            {message.generationId === null && answers.length === 0 && (
              <Action icon="redo" label="Ask AI to answer this message" run={() => void again().catch(showError)} />
            )}
            {mine && <Action icon="edit" label="Edit message" focused={edited} run={() => setEditing(true)} />}
            {(mine || role !== "viewer") && <Action icon="trash" label="Delete message" run={remove} />}
          </div>
        )}
      </div>
    </li>
  );
}
