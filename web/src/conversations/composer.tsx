import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { ModelPicker } from "../models/picker";
import { searchable, selection } from "../sources/store";
import { Icon } from "../ui/icons";
import { showError } from "../ui/toast";
import { type Draft, draftOf, keepDraft } from "./drafts";

/** The server's limit, in code points. */
const MAX_CHARS = 16_000;
const WARN_CHARS = 15_000;
const MAX_HEIGHT_PX = 240;

interface Props {
  model: string | null;
  onModel: (model: string) => void;
  /** `ask: false` sends to the members only. A message that cannot be sent goes back into the box. */
  onSend: (content: string, ask: boolean) => void | Promise<void>;
  onTyping: () => void;
  onStopTyping: () => void;
  /** Where an unfinished message belongs. */
  draftKey: string;
  /** Whether to focus the text field. */
  autoFocus?: boolean;
}

export function Composer({ model, onModel, onSend, onTyping, onStopTyping, draftKey, autoFocus = true }: Props) {
  const [{ text, ask }, setDraft] = useState(() => draftOf(draftKey));
  const area = useRef<HTMLTextAreaElement>(null);
  const length = Array.from(text).length;
  const ready = text.trim() !== "" && length <= MAX_CHARS;

  // Before anything can be pressed: the focus would be taken from what that opens, which would close.
  useLayoutEffect(() => {
    // On a touch screen the keyboard would cover what was just opened.
    if (autoFocus && matchMedia("(pointer: fine)").matches) area.current?.focus();
  }, []);
  useEffect(() => {
    const element = area.current;
    if (element === null) return;
    element.style.height = "auto";
    element.style.height = `${Math.min(element.scrollHeight, MAX_HEIGHT_PX)}px`;
  }, [text]);

  const change = (next: Partial<Draft>) => {
    const draft = { ...draftOf(draftKey), ...next };
    setDraft(draft);
    keepDraft(draftKey, draft);
  };
  const send = async () => {
    if (!ready) return;
    const content = text.trim();
    onStopTyping();
    change({ text: "" });
    area.current?.focus();
    try {
      await onSend(content, ask);
    } catch (error) {
      showError(error);
      // Before the text that was typed in the meantime.
      change({ text: `${content}\n${draftOf(draftKey).text}`.trimEnd() });
    }
  };

  return (
    <form
      class="composer"
      aria-label="New message"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <textarea
        ref={area}
        rows={1}
        value={text}
        id="composer"
        dir="auto"
        aria-label="Message"
        placeholder={ask ? "Ask your sources…" : "Message the members…"}
        onInput={({ currentTarget }) => {
          change({ text: currentTarget.value });
          if (currentTarget.value === "") onStopTyping();
          else onTyping();
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
          event.preventDefault();
          void send();
        }}
      />
      <div class="composer-bar">
        {ask && <ModelPicker value={model} onChange={onModel} />}
        <label class="ask" title="When off, only members see your message, and no answer is written">
          <input type="checkbox" checked={ask} onChange={({ currentTarget }) => change({ ask: currentTarget.checked })} />
          <span>Ask AI</span>
        </label>
        {ask && <Searched />}
        {length > WARN_CHARS && (
          <span class={length > MAX_CHARS ? "problem" : "hint"} role="status">{length.toLocaleString()} of {MAX_CHARS.toLocaleString()} characters</span>
        )}
        <button type="submit" class="send" aria-label="Send" title="Send (Enter)" disabled={!ready}><Icon name="send" /></button>
      </div>
    </form>
  );
}

/** While an input method composes a character, Enter accepts it. Safari reports this only by the key code. */
function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}

/** Which sources the question will search, unless that is all of them. */
function Searched() {
  const all = searchable.value.length;
  const chosen = selection.value;
  if (chosen === undefined || all === 0) return null;
  const what = chosen.length === 0 ? "No sources selected" : `${chosen.length} of ${all} sources`;
  return <span class="hint searched">{what}</span>;
}
