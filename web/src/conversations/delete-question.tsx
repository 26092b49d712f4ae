import type { Message } from "../realtime/types";
import { FormDialog } from "../ui/dialog";
import { deleteMessage } from "./actions";

interface Props {
  message: Message;
  /** Those that may go with it. */
  answers: readonly Message[];
  onClose: () => void;
}

/** Asks whether a message goes, and what was answered to it. */
export function DeleteQuestion({ message, answers, onClose }: Props) {
  const remove = async (form: FormData) => {
    // Answers first: whatever breaks off in between, none is left without its question.
    if (form.get("answers") !== null) for (const answer of answers) await deleteMessage(answer);
    await deleteMessage(message);
  };
  return (
    <FormDialog title="Delete message?" action="Delete message" danger onClose={onClose} onSubmit={remove}>
      <p>It will be removed for everyone. This can’t be undone.</p>
      {answers.length > 0 && (
        <label class="check">
          <input type="checkbox" name="answers" defaultChecked /> {answers.length === 1 ? "Delete its answer, too" : `Delete its ${answers.length} answers, too`}
        </label>
      )}
    </FormDialog>
  );
}
