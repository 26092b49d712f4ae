import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { showError } from "../ui/toast";

interface Props {
  label: string;
  busyLabel: string;
  read: () => Promise<void>;
  /** What scrolls. */
  box: RefObject<HTMLDivElement | null>;
}

/** Reads what comes next in one direction, once the reader is near it, or at a click. */
export function More({ label, busyLabel, read, box }: Props) {
  const [busy, setBusy] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const load = async () => {
    setBusy(true);
    try {
      await read();
    } catch (error) {
      showError(error);
    }
    setBusy(false);
  };
  useEffect(() => {
    if (button.current === null) return undefined;
    const near = new IntersectionObserver(
      ([entry]) => {
        if (!entry?.isIntersecting) return;
        near.disconnect();
        void load();
      },
      { root: box.current, rootMargin: "600px 0px" },
    );
    near.observe(button.current);
    return () => near.disconnect();
  }, []);
  return (
    <button type="button" ref={button} class="button quiet more" disabled={busy} onClick={() => void load()}>
      {busy ? busyLabel : label}
    </button>
  );
}
