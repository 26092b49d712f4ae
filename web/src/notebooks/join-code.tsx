import { useState } from "preact/hooks";
import type { Notebook, Role } from "../realtime/types";
import { showError, notify } from "../ui/toast";
import { copy } from "../ui/clipboard";
import { joinLink } from "./join-link";
import { RoleSelect } from "./role-select";
import { switchJoinCodeOff, switchJoinCodeOn } from "./store";

/** How many people a new code can be for. */
const USES = [1, 5, 10, 30, 100];

const until = (end: string | null) => (end === null ? "" : `, until ${new Date(end).toLocaleDateString()}`);

function whoMayJoin({ role, expiresAt, usesLeft }: NonNullable<Notebook["joinCode"]>): string {
  const as = role === "editor" ? "an editor" : "a viewer";
  if (usesLeft === 0) return "This code has been used up. Replace it to let more people in.";
  if (usesLeft === 1) return `One more person with this code can join as ${as}${until(expiresAt)}.`;
  if (usesLeft !== null) return `${usesLeft} more people with this code can join as ${as}${until(expiresAt)}.`;
  return `Anyone with this code can join as ${as}${until(expiresAt)}.`;
}

/** Whoever has the code may join. */
export function JoinCode({ notebook: { id, joinCode } }: { notebook: Notebook }) {
  const [role, setRole] = useState<Role>(joinCode?.role ?? "viewer");
  const [uses, setUses] = useState<number | null>(null);
  const link = joinCode === null ? "" : joinLink(joinCode.code);
  return (
    <section class="join-code">
      <h3>Join code</h3>
      {joinCode === null
        ? <p class="hint">Anyone with a join code can join on their own.</p>
        : (
          <>
            <p class="code" data-testid="join-code">{joinCode.code}</p>
            <p class="hint">{whoMayJoin(joinCode)}</p>
            <div class="row">
              <button type="button" class="button quiet" onClick={() => void copy(link).then(() => notify("Link copied."), showError)}>Copy link</button>
              <button type="button" class="button quiet" onClick={() => void switchJoinCodeOff(id).catch(showError)}>Disable code</button>
            </div>
          </>
        )}
      <div class="row">
        <RoleSelect label="Role with the join code" value={role} onChange={setRole} roles={["viewer", "editor"]} />
        <select
          aria-label="How many people can use the join code"
          value={uses ?? ""}
          onChange={(event) => setUses(Number(event.currentTarget.value) || null)}
        >
          <option value="">Any number of people</option>
          {USES.map((count) => <option key={count} value={count}>{count === 1 ? "1 person" : `${count} people`}</option>)}
        </select>
        <button type="button" class="button quiet" onClick={() => void switchJoinCodeOn(id, role, uses).catch(showError)}>
          {joinCode === null ? "Create join code" : "Replace code"}
        </button>
      </div>
    </section>
  );
}
