import { useEffect, useRef, useState } from "preact/hooks";
import { sentence } from "../http/problem";

interface Props {
  text: string;
  /** There are answers to what it said before. */
  answered: boolean;
  onSave: (text: string, ask: boolean) => Promise<void>;
  onClose: () => void;
}

export function EditForm({ text, answered, onSave, onClose }: Props) {
  const [problem, setProblem] = useState<string | null>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    area.current?.focus();
    area.current?.scrollIntoView({ block: "nearest" });
  }, []);
  const save = async (ask: boolean) => {
    const next = area.current?.value.trim() ?? "";
    if (next === "") return setProblem("Write something, or delete the message.");
    if (next === text && !ask) return onClose();
    try {
      await onSave(next, ask);
      onClose();
    } catch (error) {
      setProblem(sentence(error));
    }
  };
  return (
    <form
      class="edit-form"
      onSubmit={(event) => {
        event.preventDefault();
        void save(false);
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        onClose();
      }}
    >
      <textarea ref={area} dir="auto" aria-label="Edit message" defaultValue={text} rows={Math.min(12, text.split("\n").length + 1)} required />
      {problem !== null && <p class="problem" role="alert">{problem}</p>}
      <div class="row">
        <button type="button" class="button quiet" onClick={onClose}>Cancel</button>
        <button type="submit" class={answered ? "button quiet" : "button primary"}>Save</button>
        {answered && <button type="button" class="button primary" onClick={() => void save(true)}>Save and ask again</button>}
      </div>
    </form>
  );
}
