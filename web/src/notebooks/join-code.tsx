import { useState } from "preact/hooks";
import type { Role } from "../realtime/types";
import { complain, say } from "../ui/toast";
import { copy } from "../ui/clipboard";
import { joinLink } from "./join-link";
import { RoleSelect } from "./role-select";
import { type Notebook, switchJoinCodeOff, switchJoinCodeOn } from "./store";

const until = (end: string | null) => (end === null ? "" : `, until ${new Date(end).toLocaleDateString()}`);

/** Whoever has the code may join. */
export function JoinCode({ notebook: { id, joinCode } }: { notebook: Notebook }) {
  const [role, setRole] = useState<Role>(joinCode?.role ?? "viewer");
  const on = (next: Role) => void switchJoinCodeOn(id, next).catch(complain);
  const link = joinCode === null ? "" : joinLink(joinCode.code);
  return (
    <section class="join-code">
      <h3>Join code</h3>
      {joinCode === null
        ? (
          <>
            <p class="hint">Anyone with a join code can join on their own.</p>
            <div class="row">
              <RoleSelect label="Role with the join code" value={role} onChange={setRole} roles={["viewer", "editor"]} />
              <button type="button" class="button quiet" onClick={() => on(role)}>Create join code</button>
            </div>
          </>
        )
        : (
          <>
            <p class="code" data-testid="join-code">{joinCode.code}</p>
            <p class="hint">Anyone with this code can join as {joinCode.role === "editor" ? "an editor" : "a viewer"}{until(joinCode.expiresAt)}.</p>
            <div class="row">
              <button type="button" class="button quiet" onClick={() => void copy(link).then(() => say("Link copied."), complain)}>Copy link</button>
              <button type="button" class="button quiet" onClick={() => on(joinCode.role)}>Replace code</button>
              <button type="button" class="button quiet" onClick={() => void switchJoinCodeOff(id).catch(complain)}>Disable code</button>
            </div>
          </>
        )}
    </section>
  );
}
