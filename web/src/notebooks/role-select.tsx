import type { Role } from "../realtime/types";

export const ROLES: Record<Role, string> = {
  viewer: "Viewer",
  editor: "Editor",
  owner: "Owner",
};

/** What the roles mean, where one is chosen. */
export function RoleHint() {
  return <p class="hint">Viewers can read and ask, editors can also add sources, owners can also manage members.</p>;
}

interface Props {
  label: string;
  value: Role;
  onChange: (role: Role) => void;
  roles?: readonly Role[];
}

export function RoleSelect({ label, value, onChange, roles = ["viewer", "editor", "owner"] }: Props) {
  return (
    <select aria-label={label} value={value} onChange={(event) => onChange(event.currentTarget.value as Role)}>
      {roles.map((role) => <option key={role} value={role}>{ROLES[role]}</option>)}
    </select>
  );
}
