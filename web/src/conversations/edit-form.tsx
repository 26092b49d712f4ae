import { useEffect, useRef, useState } from "preact/hooks";
import { sentence } from "../http/problem";

interface Props {
  text: string;
  onSave: (text: string) => Promise<void>;
  onClose: () => void;
}

export function EditForm({ text, onSave, onClose }: Props) {
  const [problem, setProblem] = useState<string | null>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => area.current?.focus(), []);
  const save = async () => {
    const next = area.current?.value.trim() ?? "";
    if (next === text) return onClose();
    try {
      await onSave(next);
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
        void save();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        onClose();
      }}
    >
      <textarea ref={area} aria-label="Edit message" defaultValue={text} rows={Math.min(12, text.split("\n").length + 1)} required />
      {problem !== null && <p class="problem" role="alert">{problem}</p>}
      <div class="row">
        <button type="button" class="button quiet" onClick={onClose}>Cancel</button>
        <button type="submit" class="button primary">Save</button>
      </div>
    </form>
  );
}
