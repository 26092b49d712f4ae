import { useEffect } from "preact/hooks";
import type { AllPages } from "./all-pages";

/** Reads the pages of a source while somebody looks through all of it. */
export function useLooking(all: AllPages, looks: boolean): void {
  useEffect(() => {
    if (!looks) return undefined;
    void all.goOn();
    return () => all.stop();
  }, [all, looks]);
}

interface Props {
  all: AllPages;
  noun: string;
  /** What goes on. */
  action: string;
}

/** How much of a source has been looked through, and what goes on where it has stopped. */
export function Progress({ all, noun, action }: Props) {
  const state = all.state.value;
  const read = all.pages.value.length;
  const of = all.total === null ? "" : ` of ${all.total.toLocaleString("en")}`;
  const place = `${noun} ${read.toLocaleString("en")}${of}`;
  if (state === "reading") return <p class="hint">Looking through {place}…</p>;
  if (state !== "paused" && typeof state !== "object") return null;
  return (
    <p class="hint">
      {typeof state === "object" ? <span role="alert">{state.problem}</span> : `Looked through up to ${place}.`}{" "}
      <button type="button" class="link" onClick={() => void all.goOn()}>{typeof state === "object" ? "Try again" : action}</button>
    </p>
  );
}
