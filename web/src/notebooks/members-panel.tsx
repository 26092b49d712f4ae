import { useState } from "preact/hooks";
import { me } from "../auth/session";
import { sentence } from "../http/problem";
import type { Member, Notebook, Role } from "../realtime/types";
import { Avatar } from "../ui/avatar";
import { FormDialog } from "../ui/dialog";
import { Icon } from "../ui/icons";
import { navigate } from "../ui/router";
import { SidePanel } from "../ui/side-panel";
import { copy } from "../ui/clipboard";
import { Menu } from "../ui/menu";
import { showError, notify, notifyUndoable } from "../ui/toast";
import { JoinCode } from "./join-code";
import { changeRole, invite, leave, members, removeMember, withdraw } from "./members";
import { RoleHint, ROLES, RoleSelect } from "./role-select";
import { drop, inARole } from "./store";

interface RowProps {
  notebook: Notebook;
  member: Member;
  present: boolean;
}

function MemberRow({ notebook, member: { user, role }, present }: RowProps) {
  const [removing, setRemoving] = useState(false);
  const mine = user.id === me.value?.id;
  const owner = notebook.role === "owner";
  const give = async (next: Role) => {
    if (next === role) return;
    await changeRole(notebook.id, user.id, next);
    // Users who give up their own rights cannot undo that, and are notified like everybody else.
    const undo = () => void changeRole(notebook.id, user.id, role).catch(showError);
    if (!mine) notifyUndoable(`${user.name} is now ${inARole(next)}.`, undo);
  };
  return (
    <li class="member">
      <Avatar id={user.id} name={user.name} present={present} />
      <span class="member-name">
        <strong><bdi>{user.name}</bdi>{mine && " (you)"}</strong>
        <span class="hint">{present ? "Here now" : user.email ?? ""}</span>
      </span>
      {owner
        ? (
          <Menu
            label={`Role of ${user.name}: ${ROLES[role]}`}
            className="role-button"
            button={<>{ROLES[role]} <Icon name="down" /></>}
            items={(["viewer", "editor", "owner"] as const).map((next) => ({
              label: ROLES[next], checked: next === role, run: () => void give(next).catch(showError),
            }))}
          />
        )
        : <span class="role">{ROLES[role]}</span>}
      {owner && !mine && (
        <button type="button" class="icon-button" aria-label={`Remove ${user.name}`} onClick={() => setRemoving(true)}>
          <Icon name="close" />
        </button>
      )}
      {removing && (
        <FormDialog title={`Remove ${user.name}?`} action="Remove" danger onClose={() => setRemoving(false)} onSubmit={() => removeMember(notebook.id, user.id)}>
          <p>They will lose access to this notebook. Their messages will stay. The join code will be disabled, since they know it, and invitations they made will be cancelled.</p>
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
        Send {email} this link yourself: no email is sent, and the link won’t be shown again. Whoever opens it first joins as {inARole(role)}.
      </p>
      <div class="row">
        <input aria-label="Invitation link" readOnly value={link} onFocus={(event) => event.currentTarget.select()} />
        <button type="button" class="button quiet" onClick={() => void copy(link).then(() => notify("Link copied."), showError)}>Copy link</button>
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
      <label for="invite-email">Invite by email address</label>
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
    drop(notebook.id);
    navigate("/", "replace");
  };
  return (
    <section>
      <button type="button" class="button quiet danger" onClick={() => setAsking(true)}>Leave notebook</button>
      {asking && (
        <FormDialog title="Leave notebook?" action="Leave" danger onClose={() => setAsking(false)} onSubmit={go}>
          <p>You will lose access to “<bdi>{notebook.title}</bdi>” unless someone invites you again.</p>
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
            <h3>Pending invitations</h3>
            <ul class="members" aria-label="Invitations">
              {known.invitations.map(({ id, email, role }) => (
                <li key={id} class="member">
                  <span class="member-name">{email}</span>
                  <span class="role">{ROLES[role]}</span>
                  {owner && (
                    <button type="button" class="icon-button" aria-label={`Cancel invitation for ${email}`} onClick={() => void withdraw(notebook.id, id).catch(showError)}>
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
