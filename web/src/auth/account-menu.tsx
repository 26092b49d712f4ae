import { useState } from "preact/hooks";
import { finishDeleting } from "../conversations/deleting";
import { Avatar } from "../ui/avatar";
import { MenuItems, Popover } from "../ui/menu";
import { showError } from "../ui/toast";
import { ChangePassword } from "./change-password";
import { me, signOut } from "./session";

export function AccountMenu() {
  const user = me.value;
  const [changing, setChanging] = useState(false);
  if (user === null) return null;
  const items = [
    { label: "Change password", run: () => setChanging(true) },
    { label: "Sign out", run: () => void finishDeleting().then(signOut).catch(showError) },
  ];
  return (
    <>
      <Popover label="Account" kind="menu" button={<Avatar id={user.id} name={user.name} />}>
        {(close) => (
          <>
            <p class="menu-head"><strong dir="auto">{user.name}</strong><span>{user.email}</span></p>
            <MenuItems label="Account" close={close} items={items} />
          </>
        )}
      </Popover>
      {changing && <ChangePassword onClose={() => setChanging(false)} />}
    </>
  );
}
