import { useEffect, useRef, useState } from "preact/hooks";
import type { Notebook } from "../realtime/types";
import type { Conversation } from "../realtime/types";
import { pickFiles } from "../sources/file-picker";
import { moveChoice, openChoice, searchable, selection, sources } from "../sources/store";
import { Icon } from "../ui/icons";
import { randomId } from "../ui/ids";
import { panelQuery } from "../ui/panel";
import { navigate, notebookPath } from "../ui/router";
import { setTitle } from "../ui/title";
import { showError } from "../ui/toast";
import { rememberAsked } from "./asked";
import { Composer } from "./composer";
import { moveDraft } from "./drafts";
import { lastModel, rememberModel } from "./model-choice";
import { send } from "./sending";
import { createConversation } from "./store";
import { useSuggestions } from "./suggestions";

/** A conversation that begins, and is made, with its first message. */
export function NewChat({ notebook }: { notebook: Notebook }) {
  const [chosen, setModel] = useState<string | null>(null);
  const model = chosen ?? lastModel();
  const draftKey = `new in ${notebook.id}`;
  useEffect(() => {
    setTitle("New conversation", notebook.title);
  }, [notebook.title]);
  useEffect(() => openChoice(draftKey), [draftKey]);
  const here = useRef(true);
  useEffect(() => () => {
    here.current = false;
  }, []);
  const making = useRef<Promise<Conversation> | null>(null);
  const begin = async (content: string, ask: boolean) => {
    const sourceIds = ask ? selection.peek() : undefined;
    // What is said until it is made belongs to it as well.
    making.current ??= createConversation(notebook.id, model);
    const { id } = await making.current.catch((error: unknown) => {
      making.current = null;
      throw error;
    });
    const clientId = randomId();
    if (sourceIds !== undefined) rememberAsked(clientId, sourceIds.length, searchable.peek().length);
    send({ conversationId: id, clientId, content, ...(ask ? {} : { ask }), ...(sourceIds === undefined ? {} : { sourceIds }) });
    moveDraft(draftKey, id);
    // Whoever has gone elsewhere stays there.
    if (!here.current) return;
    moveChoice(id);
    navigate(notebookPath(notebook.id, id) + panelQuery(), "replace", history.state);
  };
  const choose = (next: string) => {
    rememberModel(next);
    setModel(next);
  };
  return (
    <>
      <h2 class="visually-hidden">New conversation</h2>
      <div class="messages">
        <Welcome notebook={notebook} model={model} onExample={(text) => void begin(text, true).catch(showError)} />
      </div>
      <Composer draftKey={draftKey} autoFocus={sources.peek()?.length !== 0} model={model} onModel={choose} onSend={begin} onTyping={() => undefined} onStopTyping={() => undefined} />
    </>
  );
}

interface WelcomeProps {
  notebook: Notebook;
  model: string | null;
  onExample: (text: string) => void;
}

function Welcome({ notebook, model, onExample }: WelcomeProps) {
  const list = sources.value;
  const ready = (list ?? []).filter(({ readyVersion }) => readyVersion !== null);
  const suggestions = useSuggestions(model, ready);
  if (list === null) return null;
  if (list.length === 0) {
    return (
      <div class="empty" data-testid="chat-empty">
        <h3>Start with a source</h3>
        {notebook.role === "viewer"
          ? <p>You can ask as soon as an editor of this notebook has added one.</p>
          : (
            <>
              <p>Add a file or a web page under <strong>Sources</strong>, or drop files anywhere on this page. Then ask about it here.</p>
              <button type="button" class="button primary" onClick={pickFiles}><Icon name="upload" /> Choose files</button>
            </>
          )}
      </div>
    );
  }
  if (ready.length === 0 && searchable.value.length === 0) {
    return (
      <div class="empty" data-testid="chat-empty">
        <h3>No sources could be read</h3>
        <p>The reason is under <strong>Sources</strong>.</p>
      </div>
    );
  }
  if (ready.length === 0) {
    return (
      <div class="empty" data-testid="chat-empty">
        <h3>Your sources are being read</h3>
        <p>Progress is shown under <strong>Sources</strong>. You can ask as soon as the first one is ready.</p>
      </div>
    );
  }
  return (
    <div class="empty" data-testid="chat-empty">
      <h3>Ask your sources</h3>
      <p>Answers cite your sources. Click a number like <span class="cite">1</span> to see the passage.</p>
      <ul class="examples" aria-label="Suggested questions">
        {suggestions.map((text) => <li key={text}><button type="button" class="button quiet" dir="auto" onClick={() => onExample(text)}>{text}</button></li>)}
      </ul>
    </div>
  );
}
