import { useState } from "preact/hooks";
import { me } from "../auth/session";
import { Citations, openCitation } from "../generations/citations";
import { CutOff } from "../generations/cut-off";
import { Failed } from "../generations/failed";
import { labelOf } from "../models/store";
import type { Message, Role } from "../realtime/types";
import { Avatar } from "../ui/avatar";
import { copy } from "../ui/clipboard";
import { FormDialog } from "../ui/dialog";
import { Icon, type IconName } from "../ui/icons";
import { MarkdownView } from "../ui/markdown-view";
import { when } from "../ui/time";
import { complain, say } from "../ui/toast";
import { deleteMessage, editMessage, regenerate } from "./actions";
import { EditForm } from "./edit-form";

interface Props {
  message: Message;
  /** A new answer to the same question is being written. */
  superseded: boolean;
  /** Set when the question does not stand right above. */
  question: Message | null;
  role: Role;
  /** What regenerates an answer. */
  model: string | null;
}

export function MessageView(props: Props) {
  const { message } = props;
  if (message.deletedAt !== null) return <li class="message deleted"><p>Message deleted</p></li>;
  return message.author.kind === "assistant" ? <Answer {...props} /> : <Written {...props} />;
}

/** A button of a message's toolbar. */
function Action({ icon, label, run }: { icon: IconName; label: string; run: () => void }) {
  return <button type="button" class="icon-button" aria-label={label} title={label} onClick={run}><Icon name={icon} /></button>;
}

function copyText(text: string): void {
  void copy(text).then(() => say("Copied."), complain);
}

function Written({ message, role, model }: Props) {
  const [mode, setMode] = useState<"read" | "edit" | "delete">("read");
  const read = () => setMode("read");
  if (message.author.kind !== "user") return null;
  const { userId, name } = message.author;
  const mine = userId === me.value?.id;
  return (
    <li class={mine ? "message mine" : "message theirs"} data-testid="message" aria-label={`${mine ? "You" : name}, ${when(message.createdAt)}`}>
      {!mine && <Avatar id={userId} name={name} />}
      <div class="bubble">
        <p class="meta">
          {!mine && <strong>{name}</strong>}
          <time dateTime={message.createdAt}>{when(message.createdAt)}</time>
          {message.editedAt !== null && <span>edited</span>}
        </p>
        {mode === "edit"
          ? <EditForm text={message.content} onSave={(text) => editMessage(message, text)} onClose={read} />
          : <MarkdownView text={message.content} citations={[]} />}
        {mode !== "edit" && (
          <div class="actions">
            <Action icon="copy" label="Copy message" run={() => copyText(message.content)} />
            {message.generationId === null && (
              <Action icon="redo" label="Ask for an answer to this message" run={() => void regenerate(message, model).catch(complain)} />
            )}
            {mine && <Action icon="edit" label="Edit message" run={() => setMode("edit")} />}
            {(mine || role !== "viewer") && <Action icon="trash" label="Delete message" run={() => setMode("delete")} />}
          </div>
        )}
      </div>
      {mode === "delete" && (
        <FormDialog title="Delete message?" action="Delete message" danger onClose={read} onSubmit={() => deleteMessage(message)}>
          <p>Its text goes for everybody. This cannot be undone.</p>
        </FormDialog>
      )}
    </li>
  );
}

const ENDS = {
  stopped: "Stopped. This is the text so far.",
  interrupted: "The server went away while it was writing this. This is the text so far.",
};

function Answer({ message, superseded, question, role, model }: Props) {
  const [deleting, setDeleting] = useState(false);
  if (message.author.kind !== "assistant") return null;
  const again = () => void regenerate(message, model).catch(complain);
  const { citations, status, failure, cutOff } = message;
  return (
    <li class={superseded ? "message answer superseded" : "message answer"} data-testid="answer" data-status={status} aria-label={`Answer, ${when(message.createdAt)}`}>
      {question !== null && <p class="reply-to">On “{question.content.slice(0, 120)}”</p>}
      <MarkdownView
        text={message.content}
        citations={citations.map(({ number }) => number)}
        onCite={(number) => openCitation(citations, number)}
      />
      {(status === "stopped" || status === "interrupted") && <p class="notice">{ENDS[status]}</p>}
      {status === "failed" && <Failed failure={failure} onRetry={again} />}
      {cutOff != null && <CutOff reason={cutOff} onAgain={again} />}
      <Citations citations={citations} />
      <div class="actions">
        <span class="hint">{labelOf(message.author.model)}</span>
        <Action icon="copy" label="Copy answer" run={() => copyText(message.content)} />
        <Action icon="redo" label="Regenerate answer" run={again} />
        {role !== "viewer" && <Action icon="trash" label="Delete answer" run={() => setDeleting(true)} />}
      </div>
      {deleting && (
        <FormDialog title="Delete answer?" action="Delete answer" danger onClose={() => setDeleting(false)} onSubmit={() => deleteMessage(message)}>
          <p>Its text goes for everybody. This cannot be undone.</p>
        </FormDialog>
      )}
    </li>
  );
}
