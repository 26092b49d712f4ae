import { Avatar } from "../ui/avatar";
import { MenuItems, Popover } from "../ui/menu";
import { complain } from "../ui/toast";
import { me, signOut } from "./session";

export function AccountMenu() {
  const user = me.value;
  if (user === null) return null;
  return (
    <Popover label="Account" kind="menu" button={<Avatar id={user.id} name={user.name} />}>
      {(close) => (
        <>
          <p class="menu-head"><strong dir="auto">{user.name}</strong><span>{user.email}</span></p>
          <MenuItems label="Account" close={close} items={[{ label: "Sign out", run: () => void signOut().catch(complain) }]} />
        </>
      )}
    </Popover>
  );
}
