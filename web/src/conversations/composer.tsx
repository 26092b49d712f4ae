import { useEffect, useRef, useState } from "preact/hooks";
import { ModelPicker } from "../models/picker";
import { selection, sources } from "../sources/store";
import { Icon } from "../ui/icons";

/** The server's limit, in code points. */
const MAX_CHARS = 16_000;
const WARN_CHARS = 15_000;
const MAX_HEIGHT_PX = 240;

/** What was begun in each conversation, for whoever looks into another one meanwhile. */
const drafts = new Map<string, string>();

interface Props {
  model: string | null;
  onModel: (model: string) => void;
  /** `ask: false` speaks to the members only. */
  onSend: (content: string, ask: boolean) => void;
  onTyping: () => void;
  onStopTyping: () => void;
  /** Where an unfinished message belongs. */
  draftKey: string;
}

export function Composer({ model, onModel, onSend, onTyping, onStopTyping, draftKey }: Props) {
  const [text, setText] = useState(drafts.get(draftKey) ?? "");
  const [ask, setAsk] = useState(true);
  const area = useRef<HTMLTextAreaElement>(null);
  const length = Array.from(text).length;
  const ready = text.trim() !== "" && length <= MAX_CHARS;

  useEffect(() => {
    // On a touch screen the keyboard would cover what was just opened.
    if (matchMedia("(pointer: fine)").matches) area.current?.focus();
  }, []);
  useEffect(() => {
    const element = area.current;
    if (element === null) return;
    element.style.height = "auto";
    element.style.height = `${Math.min(element.scrollHeight, MAX_HEIGHT_PX)}px`;
  }, [text]);

  const write = (next: string) => {
    setText(next);
    if (next === "") drafts.delete(draftKey);
    else drafts.set(draftKey, next);
  };
  const send = () => {
    if (!ready) return;
    onStopTyping();
    onSend(text.trim(), ask);
    write("");
    area.current?.focus();
  };

  return (
    <form
      class="composer"
      aria-label="New message"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={area}
        rows={1}
        value={text}
        aria-label="Message"
        placeholder={ask ? "Ask your sources…" : "Write to the members…"}
        onInput={({ currentTarget }) => {
          write(currentTarget.value);
          if (currentTarget.value === "") onStopTyping();
          else onTyping();
        }}
        onKeyDown={(event) => {
          // While an input method composes a character, Enter accepts it.
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      <div class="composer-bar">
        {ask && <ModelPicker value={model} onChange={onModel} />}
        <label class="ask" title="Switched off, only the members see the message, and no answer is written">
          <input type="checkbox" checked={ask} onChange={({ currentTarget }) => setAsk(currentTarget.checked)} />
          <span>Ask for an answer</span>
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

/** What the question will be looked up in, when that is not simply everything. */
function Searched() {
  const all = sources.value?.length ?? 0;
  const chosen = selection.value;
  if (chosen === undefined || all === 0) return null;
  const what = chosen.length === 0 ? "No source is ticked" : `${chosen.length} of ${all} sources`;
  return <span class="hint searched">{what}</span>;
}
