import { useEffect } from "preact/hooks";
import type { AllPages } from "./all-pages";

/** Reads the pages of a source while the user searches all of it. */
export function usePageSearch(all: AllPages, active: boolean): void {
  useEffect(() => {
    if (!active) return undefined;
    void all.goOn();
    return () => all.stop();
  }, [all, active]);
}

interface Props {
  all: AllPages;
  noun: string;
  /** The label of the button that continues. */
  action: string;
}

/** How much of a source has been searched, and a button to continue. */
export function Progress({ all, noun, action }: Props) {
  const state = all.state.value;
  const read = all.pages.value.length;
  const of = all.total === null ? "" : ` of ${all.total.toLocaleString("en")}`;
  const place = `${noun} ${read.toLocaleString("en")}${of}`;
  if (state === "reading") return <p class="hint">Searching {place}…</p>;
  if (state !== "paused" && typeof state !== "object") return null;
  return (
    <p class="hint">
      {typeof state === "object" ? <span role="alert">{state.problem}</span> : `Searched up to ${place}.`}{" "}
      <button type="button" class="link" onClick={() => void all.goOn()}>{typeof state === "object" ? "Try again" : action}</button>
    </p>
  );
}
