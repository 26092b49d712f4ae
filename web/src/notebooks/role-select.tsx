import type { Role } from "../realtime/types";

const ROLES: Record<Role, string> = {
  viewer: "Viewer: reads and asks",
  editor: "Editor: also adds sources",
  owner: "Owner: also manages members",
};

interface Props {
  label: string;
  value: Role;
  onChange: (role: Role) => void;
  roles?: readonly Role[];
}

export function RoleSelect({ label, value, onChange, roles = ["viewer", "editor", "owner"] }: Props) {
  return (
    <select aria-label={label} title={ROLES[value]} value={value} onChange={(event) => onChange(event.currentTarget.value as Role)}>
      {roles.map((role) => <option key={role} value={role}>{ROLES[role]}</option>)}
    </select>
  );
}
