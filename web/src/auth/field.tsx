import { useState } from "preact/hooks";

interface FieldProps {
  label: string;
  name: string;
  type: "email" | "text" | "password";
  autocomplete: string;
  hint?: string;
  autoFocus?: boolean;
  problem: string | undefined;
}

/** A field of the sign-in form. What is wrong with it stands beneath its rule, not in place of it. */
export function Field({ label, name, type, autocomplete, hint, autoFocus = false, problem }: FieldProps) {
  const [shown, setShown] = useState(false);
  const secret = type === "password";
  // Preact's types tell inputs apart by a literal type; for these attributes there is no difference.
  const kind = { type: secret && shown ? "text" : type } as { type: "text" };
  const notes = [problem !== undefined && `${name}-problem`, hint !== undefined && `${name}-hint`].filter((id) => id !== false);
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <div class="input">
        <input
          id={name}
          name={name}
          {...kind}
          autocomplete={autocomplete}
          autoFocus={autoFocus}
          required
          aria-invalid={problem !== undefined}
          aria-describedby={notes.length === 0 ? undefined : notes.join(" ")}
        />
        {secret && (
          <button type="button" class="link" aria-pressed={shown} aria-label="Show characters" onClick={() => setShown(!shown)}>{shown ? "Hide" : "Show"}</button>
        )}
      </div>
      {problem !== undefined && <p id={`${name}-problem`} class="problem">{problem}</p>}
      {hint !== undefined && <p id={`${name}-hint`} class="hint">{hint}</p>}
    </div>
  );
}
