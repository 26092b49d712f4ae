import { useState } from "preact/hooks";
import { me } from "../auth/session";
import { sentence } from "../http/problem";
import type { Role } from "../realtime/types";
import { Avatar } from "../ui/avatar";
import { FormDialog } from "../ui/dialog";
import { Icon } from "../ui/icons";
import { navigate } from "../ui/router";
import { SidePanel } from "../ui/side-panel";
import { closePanel } from "../ui/panel";
import { copy } from "../ui/clipboard";
import { complain, say } from "../ui/toast";
import { JoinCode } from "./join-code";
import { changeRole, invite, leave, type Member, members, removeMember, withdraw } from "./members";
import { RoleHint, RoleSelect } from "./role-select";
import { drop, type Notebook } from "./store";

interface RowProps {
  notebook: Notebook;
  member: Member;
  present: boolean;
}

function MemberRow({ notebook, member: { user, role }, present }: RowProps) {
  const [removing, setRemoving] = useState(false);
  const mine = user.id === me.value?.id;
  const owner = notebook.role === "owner";
  return (
    <li class="member">
      <Avatar id={user.id} name={user.name} present={present} />
      <span class="member-name">
        <strong>{user.name}{mine && " (you)"}</strong>
        <span class="hint">{present ? "Here now" : user.email ?? ""}</span>
      </span>
      {owner
        ? <RoleSelect label={`Role of ${user.name}`} value={role} onChange={(next) => void changeRole(notebook.id, user.id, next).catch(complain)} />
        : <span class="role">{role}</span>}
      {owner && !mine && (
        <button type="button" class="icon-button" aria-label={`Remove ${user.name}`} onClick={() => setRemoving(true)}>
          <Icon name="close" />
        </button>
      )}
      {removing && (
        <FormDialog title={`Remove ${user.name}?`} action="Remove" danger onClose={() => setRemoving(false)} onSubmit={() => removeMember(notebook.id, user.id)}>
          <p>They can no longer read this notebook, and come back by an invitation only. What they have written stays. The join code is switched off, as they know it, and invitations that they made are withdrawn.</p>
        </FormDialog>
      )}
    </li>
  );
}

interface Invited {
  email: string;
  role: Role;
  link: string;
}

function InvitationLink({ email, role, link }: Invited) {
  return (
    <div class="invitation-link" role="status">
      <p>
        Give {email} this link. Nothing is sent for you, and it is not shown again. Whoever opens it first joins as {role}.
      </p>
      <div class="row">
        <input aria-label="Invitation link" readOnly value={link} onFocus={(event) => event.currentTarget.select()} />
        <button type="button" class="button quiet" onClick={() => void copy(link).then(() => say("Link copied."), complain)}>Copy link</button>
      </div>
    </div>
  );
}

function InviteForm({ notebook }: { notebook: Notebook }) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [invited, setInvited] = useState<Invited | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setProblem(null);
    try {
      setInvited({ email, role, link: await invite(notebook.id, email, role) });
      setEmail("");
    } catch (error) {
      setProblem(sentence(error));
    }
  };
  return (
    <form class="invite" onSubmit={(event) => void submit(event)}>
      <label for="invite-email">Invite by e-mail address</label>
      <div class="row">
        <input
          id="invite-email"
          name="email"
          type="email"
          required
          autocomplete="off"
          placeholder="name@example.org"
          value={email}
          onInput={(event) => setEmail(event.currentTarget.value)}
        />
        <RoleSelect label="Role of the new member" value={role} onChange={setRole} roles={["viewer", "editor"]} />
        <button type="submit" class="button primary">Invite</button>
      </div>
      <RoleHint />
      {problem !== null && <p class="problem" role="alert">{problem}</p>}
      {invited !== null && <InvitationLink {...invited} />}
    </form>
  );
}

function Leave({ notebook }: { notebook: Notebook }) {
  const [asking, setAsking] = useState(false);
  const go = async () => {
    const user = me.value;
    if (user === null) return;
    await leave(notebook.id, user.id);
    closePanel();
    drop(notebook.id);
    navigate("/");
  };
  return (
    <section>
      <button type="button" class="button quiet danger" onClick={() => setAsking(true)}>Leave notebook</button>
      {asking && (
        <FormDialog title="Leave notebook?" action="Leave" danger onClose={() => setAsking(false)} onSubmit={go}>
          <p>You can no longer read “{notebook.title}”, unless somebody invites you again.</p>
        </FormDialog>
      )}
    </section>
  );
}

export function MembersPanel({ notebook }: { notebook: Notebook }) {
  const known = members.value;
  const owner = notebook.role === "owner";
  return (
    <SidePanel title="Members" name="Members">
      <div class="panel-body">
        <ul class="members" aria-label="Members">
          {known?.members.map((member) => (
            <MemberRow key={member.user.id} notebook={notebook} member={member} present={known.present.includes(member.user.id)} />
          ))}
        </ul>
        {owner && <InviteForm notebook={notebook} />}
        {known !== null && known.invitations.length > 0 && (
          <section>
            <h3>Invited, not here yet</h3>
            <ul class="members" aria-label="Invitations">
              {known.invitations.map(({ id, email, role }) => (
                <li key={id} class="member">
                  <span class="member-name">{email}</span>
                  <span class="role">{role}</span>
                  {owner && (
                    <button type="button" class="icon-button" aria-label={`Withdraw the invitation of ${email}`} onClick={() => void withdraw(notebook.id, id).catch(complain)}>
                      <Icon name="close" />
                    </button>
                  )}
                </li>
              ))}
            </ul>
          </section>
        )}
        {owner && <JoinCode notebook={notebook} />}
        <Leave notebook={notebook} />
      </div>
    </SidePanel>
  );
}
