import { copy } from "../ui/clipboard";
import { Icon, type IconName } from "../ui/icons";
import { complain, say } from "../ui/toast";

/** A button of a message's toolbar. */
export function Action({ icon, label, run }: { icon: IconName; label: string; run: () => void }) {
  return <button type="button" class="icon-button" aria-label={label} title={label} onClick={run}><Icon name={icon} /></button>;
}

export function copyText(text: string): void {
  void copy(text).then(() => say("Copied."), complain);
}
