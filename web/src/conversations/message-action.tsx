import { useEffect, useRef } from "preact/hooks";
import { copy } from "../ui/clipboard";
import { Icon, type IconName } from "../ui/icons";
import { showError, notify } from "../ui/toast";

interface Props {
  icon: IconName;
  label: string;
  /** Whether it has the focus when it appears. */
  focused?: boolean;
  run: () => void;
}

/** A button of a message's toolbar. */
export function Action({ icon, label, focused = false, run }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (focused) button.current?.focus({ preventScroll: true });
  }, []);
  return <button type="button" ref={button} class="icon-button" aria-label={label} title={label} onClick={run}><Icon name={icon} /></button>;
}

export function copyText(text: string): void {
  void copy(text).then(() => notify("Copied."), showError);
}
