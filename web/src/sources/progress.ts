import type { IngestState } from "../realtime/types";

export interface Progress {
  label: string;
  /** 0 to 1; `null` if the duration of the step is unknown. */
  share: number | null;
}

/** Embedding is nearly all of the work, so the bar is shared out accordingly. */
const EXTRACT = 0.05;
const CHUNK = 0.12;
const EMBED = 0.15;

/** What to show while a source is being read; `null` when there is nothing to wait for. */
export function progressOf(state: IngestState, ahead?: number): Progress | null {
  switch (state.step) {
    case "queued":
      return { label: waiting(ahead), share: null };
    case "fetch":
      return { label: "Fetching the page", share: null };
    case "extract":
      return { label: "Reading the text", share: EXTRACT };
    case "chunk":
      return { label: "Finding passages", share: CHUNK };
    case "embed": {
      const part = state.total === 0 ? 1 : state.done / state.total;
      return { label: `Indexing (${state.done} of ${state.total} ${state.total === 1 ? "passage" : "passages"})`, share: EMBED + (1 - EMBED) * part };
    }
    case "ready":
    case "failed":
      return null;
  }
}

function waiting(ahead: number | undefined): string {
  if (ahead === undefined) return "In line";
  if (ahead === 0) return "Next in line";
  return `In line: ${ahead} ${ahead === 1 ? "file" : "files"} ahead of yours`;
}
