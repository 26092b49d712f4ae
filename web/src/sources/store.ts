import { computed, signal } from "@preact/signals";
import { api } from "../http/client";
import { Reader } from "../http/reader";
import { on, whenLive } from "../realtime/socket";
import type { Source } from "../realtime/types";
import { merge, replace } from "./merge";

/** `null` until they are read for the first time. */
export const sources = signal<Source[] | null>(null);
/** Sources that questions leave out. Not "those to search", so that a new source is searched at once. */
export const leftOut = signal<ReadonlySet<string>>(new Set());

/** The notebook that is open, and what reads its list. */
let open: { notebookId: string; reader: Reader<Source[]> } | undefined;

/** What a question searches: `undefined` means all of the notebook. */
export const selection = computed<string[] | undefined>(() => {
  const all = sources.value ?? [];
  const chosen = all.filter((source) => !leftOut.value.has(source.id));
  return chosen.length === all.length ? undefined : chosen.map((source) => source.id);
});

export function choose(sourceId: string, searched: boolean): void {
  const next = new Set(leftOut.value);
  if (searched) next.delete(sourceId);
  else next.add(sourceId);
  leftOut.value = next;
}

export function chooseAll(searched: boolean): void {
  leftOut.value = new Set(searched ? [] : (sources.value ?? []).map((source) => source.id));
}

export async function addUrl(notebookId: string, url: string): Promise<void> {
  keep(await api<Source>("POST", `/api/notebooks/${notebookId}/sources/url`, { url }));
}

export async function retry(sourceId: string): Promise<void> {
  keep(await api<Source>("POST", `/api/sources/${sourceId}/retry`));
}

export async function deleteSource(sourceId: string): Promise<void> {
  await api("DELETE", `/api/sources/${sourceId}`);
  drop(sourceId);
}

/** An upload may end when another notebook is open already. */
export function keep(source: Source): void {
  if (source.notebookId !== open?.notebookId) return;
  const known = sources.value ?? [];
  // Of a source that is known the newer state wins, whichever comes first: nothing has to be read again for it.
  if (!known.some(({ id }) => id === source.id)) open.reader.touched();
  sources.value = merge(known, source);
}

function drop(sourceId: string): void {
  sources.value = sources.value?.filter((source) => source.id !== sourceId) ?? null;
  open?.reader.touched();
}

export function followSources(notebookId: string, onProblem: (error: unknown) => void): () => void {
  sources.value = null;
  leftOut.value = new Set();
  const list = new Reader(
    async () => (await api<{ sources: Source[] }>("GET", `/api/notebooks/${notebookId}/sources`)).sources,
    (read) => {
      sources.value = replace(sources.value ?? [], read);
    },
  );
  open = { notebookId, reader: list };
  const read = () => void list.read().catch(onProblem);
  const subscriptions = [
    whenLive(read),
    on("source:status", ({ source }) => {
      if (source.notebookId !== notebookId) return;
      if (sources.value === null) list.touched();
      else keep(source);
    }),
    on("source:deleted", (event) => {
      if (event.notebookId === notebookId) drop(event.sourceId);
    }),
  ];
  return () => {
    list.dispose();
    if (open?.reader === list) open = undefined;
    for (const unsubscribe of subscriptions) unsubscribe();
    sources.value = null;
  };
}
