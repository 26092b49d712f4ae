import { computed, signal } from "@preact/signals";
import { own } from "../auth/who";
import { api } from "../http/client";
import { all } from "../http/list";
import { Reader } from "../http/reader";
import { on, whenLive } from "../realtime/socket";
import type { Source } from "../realtime/types";
import { recall, remember } from "../ui/storage";
import { keepFocus } from "../ui/focus";
import { restored } from "../ui/recently-deleted";
import { showError, notifyUndoable } from "../ui/toast";
import { quoted } from "../ui/plain-name";
import { merge, replace } from "./merge";

/** `null` until they are read for the first time. */
export const sources = signal<Source[] | null>(null);
/** Sources that questions leave out. Not "those to search", so that a new source is searched at once. */
export const leftOut = signal<ReadonlySet<string>>(new Set());

/** The notebook that is open, and what reads its list. */
let open: { notebookId: string; reader: Reader<Source[]> } | undefined;

/** Of each notebook, as it was when it was left: there at once when it is opened again, whatever the connection does. */
const left = new Map<string, Source[]>();

/** Those with something to search, now or soon. */
export const searchable = computed(() => (sources.value ?? []).filter((source) => !isUnreadable(source)));

/** Nothing of it could be read, in any version. */
export function isUnreadable({ latest, readyVersion }: Source): boolean {
  return latest.state.step === "failed" && readyVersion === null;
}

/** What a question searches: `undefined` means all of the notebook. */
export const selection = computed<string[] | undefined>(() => {
  const all = searchable.value;
  const chosen = all.filter((source) => !leftOut.value.has(source.id));
  return chosen.length === all.length ? undefined : chosen.map((source) => source.id);
});

/** Where the choice belongs: each conversation has its own. */
let chosenFor: string | null = null;
const choiceKey = (key: string) => `${own("leftOut")}.${key}`;

/** Takes up the choice that was made for a conversation. */
export function openChoice(key: string): void {
  chosenFor = key;
  leftOut.value = new Set(recall<string[]>(localStorage, choiceKey(key), []));
}

/** For a conversation that has got an id of its own: its choice goes with it. */
export function moveChoice(to: string): void {
  const key = chosenFor;
  chosenFor = to;
  keepChoice(leftOut.peek());
  if (key !== null && key !== to) remember(localStorage, choiceKey(key), []);
}

function keepChoice(next: ReadonlySet<string>): void {
  leftOut.value = next;
  if (chosenFor !== null) remember(localStorage, choiceKey(chosenFor), [...next]);
}

export function choose(sourceId: string, searched: boolean): void {
  const next = new Set(leftOut.value);
  if (searched) next.delete(sourceId);
  else next.add(sourceId);
  keepChoice(next);
}

export function chooseAll(searched: boolean): void {
  keepChoice(new Set(searched ? [] : searchable.peek().map((source) => source.id)));
}

export async function addUrl(notebookId: string, url: string): Promise<void> {
  keep(await api<Source>("POST", `/api/notebooks/${notebookId}/sources/url`, { url }));
}

export async function retry(sourceId: string): Promise<void> {
  keep(await api<Source>("POST", `/api/sources/${sourceId}/retry`));
}

/** Says so, with a way back. */
export async function deleteSource({ id, name }: Source): Promise<void> {
  await api("DELETE", `/api/sources/${id}`);
  drop(id);
  keepFocus();
  notifyUndoable(`${quoted(name)} was deleted.`, () => void restored<Source>("sources", id).then(keep).catch(showError));
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
  sources.value = left.get(notebookId) ?? null;
  const list = new Reader(
    () => all<Source>(`/api/notebooks/${notebookId}/sources`, "sources"),
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
    if (sources.value !== null) left.set(notebookId, sources.value);
    sources.value = null;
  };
}

/** Nothing of this user stays behind. */
export function forgetSources(): void {
  left.clear();
}
