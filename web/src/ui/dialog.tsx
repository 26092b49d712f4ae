import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { sentence } from "../http/problem";
import { keepFocus } from "./focus";
import { Icon } from "./icons";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}

/** A modal dialog. The browser keeps the focus inside, closes it with Escape, and gives the focus back. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => {
      dialog?.close();
      // The browser gives the focus back to what opened this, unless that has been deleted meanwhile.
      keepFocus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      aria-labelledby={titleId}
      onClose={onClose}
      onMouseDown={(event) => {
        if (event.target === ref.current) onClose();
      }}
    >
      <div class="dialog-body">
        <div class="dialog-head">
          <h2 id={titleId}>{title}</h2>
          <button type="button" class="icon-button" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}

interface FormDialogProps extends DialogProps {
  action: string;
  danger?: boolean;
  /** Closes the dialog when it succeeds; says what is wrong when not. */
  onSubmit: (form: FormData) => Promise<void>;
}

/** A dialog with a form, or a question with one answer. */
export function FormDialog({ action, danger = false, onSubmit, children, ...dialog }: FormDialogProps) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await onSubmit(new FormData(event.currentTarget as HTMLFormElement));
      dialog.onClose();
    } catch (error) {
      setProblem(sentence(error));
      setBusy(false);
    }
  };
  return (
    <Dialog {...dialog}>
      <form onSubmit={(event) => void submit(event)}>
        {children}
        {problem !== null && <p class="problem" role="alert">{problem}</p>}
        <div class="dialog-foot">
          <button type="button" class="button quiet" onClick={dialog.onClose}>Cancel</button>
          <button type="submit" class={danger ? "button danger" : "button primary"} disabled={busy}>{action}</button>
        </div>
      </form>
    </Dialog>
  );
}
