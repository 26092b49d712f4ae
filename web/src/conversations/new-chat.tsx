import { useEffect, useRef, useState } from "preact/hooks";
import type { Notebook } from "../notebooks/store";
import type { Conversation } from "../realtime/types";
import { selection, sources } from "../sources/store";
import { randomId } from "../ui/ids";
import { navigate, notebookPath } from "../ui/router";
import { complain } from "../ui/toast";
import { Composer } from "./composer";
import { moveDraft } from "./drafts";
import { send } from "./sending";
import { createConversation } from "./store";

const EXAMPLES = ["What are the main points?", "Explain the hardest idea in plain words.", "What do the sources disagree about?"];

/** A conversation that begins, and is made, with its first message. */
export function NewChat({ notebook }: { notebook: Notebook }) {
  const [model, setModel] = useState<string | null>(null);
  useEffect(() => {
    document.title = `New conversation · ${notebook.title}`;
  }, [notebook.title]);
  const here = useRef(true);
  useEffect(() => () => {
    here.current = false;
  }, []);
  const making = useRef<Promise<Conversation> | null>(null);
  const draftKey = `new in ${notebook.id}`;
  const begin = async (content: string, ask: boolean) => {
    const sourceIds = selection.peek();
    // What is said until it is made belongs to it as well.
    making.current ??= createConversation(notebook.id, model);
    const { id } = await making.current.catch((error: unknown) => {
      making.current = null;
      throw error;
    });
    send({ conversationId: id, clientId: randomId(), content, ...(ask ? {} : { ask }), ...(ask && sourceIds !== undefined ? { sourceIds } : {}) });
    moveDraft(draftKey, id);
    // Whoever has gone elsewhere stays there.
    if (here.current) navigate(notebookPath(notebook.id, id), "replace");
  };
  return (
    <>
      <div class="messages">
        <Welcome onExample={(text) => void begin(text, true).catch(complain)} />
      </div>
      <Composer draftKey={draftKey} model={model} onModel={setModel} onSend={begin} onTyping={() => undefined} onStopTyping={() => undefined} />
    </>
  );
}

function Welcome({ onExample }: { onExample: (text: string) => void }) {
  const list = sources.value;
  const ready = list?.some(({ readyVersion }) => readyVersion !== null) ?? false;
  if (list === null) return null;
  if (list.length === 0) {
    return (
      <div class="empty" data-testid="chat-empty">
        <h2>Start with a source</h2>
        <p>Add a file or a web page under <strong>Sources</strong>, or drop files anywhere on this page. Then ask about it here.</p>
      </div>
    );
  }
  if (!ready) {
    return (
      <div class="empty" data-testid="chat-empty">
        <h2>Your sources are being read</h2>
        <p>The bars under <strong>Sources</strong> show how far it is. You can ask as soon as the first one is ready.</p>
      </div>
    );
  }
  return (
    <div class="empty" data-testid="chat-empty">
      <h2>Ask your sources</h2>
      <p>Answers quote them. A number like <span class="cite">1</span> opens the passage it stands for.</p>
      <ul class="examples">
        {EXAMPLES.map((text) => <li key={text}><button type="button" class="button quiet" onClick={() => onExample(text)}>{text}</button></li>)}
      </ul>
    </div>
  );
}
