import { computed, signal } from "@preact/signals";
import { api } from "../http/client";
import { on, onConnected } from "../realtime/socket";
import type { Source } from "../realtime/types";
import { isOlder, merge } from "./merge";

/** `null` until they are read for the first time. */
export const sources = signal<Source[] | null>(null);
/** Sources that questions leave out. Not "those to search", so that a new source is searched at once. */
export const leftOut = signal<ReadonlySet<string>>(new Set());

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

export function keep(source: Source): void {
  sources.value = merge(sources.value ?? [], source);
}

function drop(sourceId: string): void {
  sources.value = sources.value?.filter((source) => source.id !== sourceId) ?? null;
}

export function followSources(notebookId: string, onProblem: (error: unknown) => void): () => void {
  sources.value = null;
  leftOut.value = new Set();
  let followed = true;
  const load = async () => {
    const read = await api<{ sources: Source[] }>("GET", `/api/notebooks/${notebookId}/sources`);
    if (!followed) return;
    const known = sources.value ?? [];
    // What is known may be newer than what was read: an event can overtake the answer.
    sources.value = read.sources.map((source) => {
      const old = known.find(({ id }) => id === source.id);
      return old !== undefined && isOlder(source, old) ? old : source;
    });
  };
  const read = () => void load().catch(onProblem);
  read();
  const subscriptions = [
    onConnected(read),
    on("source:status", ({ source }) => {
      if (source.notebookId === notebookId && sources.value !== null) keep(source);
    }),
    on("source:deleted", ({ sourceId }) => drop(sourceId)),
  ];
  return () => {
    followed = false;
    for (const unsubscribe of subscriptions) unsubscribe();
    sources.value = null;
  };
}
