import type { ComponentChildren, RefObject } from "preact";
import { Citations, citationLabels, openCitation } from "../generations/citations";
import { CutOff } from "../generations/cut-off";
import { Failed } from "../generations/failed";
import { Notice } from "../generations/notice";
import { labelOf } from "../models/store";
import type { Message, Role } from "../realtime/types";
import { MarkdownView } from "../ui/markdown-view";
import { when } from "../ui/time";
import { showError } from "../ui/toast";
import { regenerate } from "./actions";
import { deleteMessages } from "./deleting";
import { Action, copyText } from "./message-action";

interface Props {
  message: Message;
  question: Message | null;
  about: ComponentChildren;
  pager: ComponentChildren;
  role: Role;
  /** What regenerates it. */
  model: string | null;
  row: RefObject<HTMLLIElement | null>;
}

/** An answer that is stored. */
export function Answer({ message, question, about, pager, role, model, row }: Props) {
  if (message.deletedAt !== null) return <li class="message deleted"><p>Answer deleted</p></li>;
  if (message.author.kind !== "assistant") return null;
  const again = () => void regenerate(message, model).catch(showError);
  const { citations, status, failure, cutOff, content } = message;
  return (
    <li ref={row} tabIndex={-1} class="message answer" data-testid="answer" data-status={status} aria-label={`Answer, ${when(message.createdAt)}`}>
      <h3 class="visually-hidden">Answer</h3>
      {about}
      <MarkdownView text={content} citations={citationLabels(citations)} onCite={(number, nth) => openCitation(citations, number, content, nth)} />
      {status === "stopped" && <Notice text="Stopped. The answer is incomplete." action="Try again" run={again} />}
      {status === "interrupted" && <Notice text="The connection to the server was lost, so this answer is incomplete." action="Try again" run={again} />}
      {status === "failed" && <Failed failure={failure} onRetry={again} />}
      {cutOff != null && <CutOff reason={cutOff} onAgain={again} />}
      {isBefore(message, question) && <Notice text="The message was edited after this answer." action="Ask again" run={again} />}
      {foundNothing(message) && <Notice text="Built-in answers only quote passages that contain your words. Try words from your sources, or choose a language model." />}
      <Citations citations={citations} content={content} />
      <div class="actions">
        {pager}
        <span class="hint">{labelOf(message.author.model)}</span>
        <Action icon="copy" label="Copy answer" run={() => copyText(content)} />
        <Action icon="redo" label="Regenerate answer" run={again} />
        {role !== "viewer" && <Action icon="trash" label="Delete answer" run={() => deleteMessages(message.conversationId, [message], "Answer deleted.")} />}
      </div>
    </li>
  );
}

/** What was asked has changed since. */
function isBefore(answer: Message, question: Message | null): boolean {
  const editedAt = question?.editedAt ?? null;
  return editedAt !== null && Date.parse(editedAt) > Date.parse(answer.createdAt);
}

function foundNothing({ author, status, citations }: Message): boolean {
  return author.kind === "assistant" && author.model.startsWith("builtin/") && status === "complete" && citations.length === 0;
}
