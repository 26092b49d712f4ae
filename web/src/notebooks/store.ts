import { effect, signal } from "@preact/signals";
import { api } from "../http/client";
import { all } from "../http/list";
import { Reader } from "../http/reader";
import { on, whenLive } from "../realtime/socket";
import { restored } from "../ui/recently-deleted";
import { showError, notify, notifyUndoable } from "../ui/toast";
import { quoted } from "../ui/plain-name";
import type { Notebook, Role } from "../realtime/types";

/** `null` until they are read for the first time. */
export const notebooks = signal<Notebook[] | null>(null);

let reader: Reader<Notebook[]> | undefined;
/** Of the notebook whose page was opened last. */
let opening: Reader<Notebook> | undefined;

/** "a viewer" */
export const inARole = (role: Role): string => (role === "viewer" ? "a viewer" : `an ${role}`);

/** Notifies users whose role changed, wherever they are, because what they may do has changed. */
function tellOfRoles(): () => void {
  let before: readonly Notebook[] = [];
  return effect(() => {
    const now = notebooks.value ?? [];
    for (const { id, title, role } of now) {
      const known = before.find((one) => one.id === id);
      if (known !== undefined && known.role !== role) notify(`You are now ${inARole(role)} in ${quoted(title)}.`, true);
    }
    before = now;
  });
}

async function get(): Promise<Notebook[]> {
  return all<Notebook>("/api/notebooks", "notebooks");
}

function change(next: Notebook[] | null): void {
  notebooks.value = next;
  reader?.touched();
  opening?.touched();
}

export async function createNotebook(title: string): Promise<Notebook> {
  return keep(await api<Notebook>("POST", "/api/notebooks", { title }));
}

export async function joinNotebook(code: string): Promise<Notebook> {
  return keep(await api<Notebook>("POST", "/api/notebooks/join", { code }));
}

export function readNotebook(id: string): Promise<void> {
  opening?.dispose();
  opening = new Reader(
    () => api<Notebook>("GET", `/api/notebooks/${id}`),
    (notebook) => {
      notebooks.value = withFirst(notebook);
    },
  );
  return opening.read();
}

export async function renameNotebook(id: string, title: string): Promise<void> {
  keep(await api<Notebook>("PATCH", `/api/notebooks/${id}`, { title }));
}

/** Says so, with a way back. */
export async function deleteNotebook({ id, title }: Notebook): Promise<void> {
  await api("DELETE", `/api/notebooks/${id}`);
  drop(id);
  notifyUndoable(`${quoted(title)} was deleted.`, () => void restored<Notebook>("notebooks", id).then(keep).catch(showError));
}

/** `uses`: how many people it lets in; null: as many as have it. */
export async function switchJoinCodeOn(id: string, role: Role, uses: number | null): Promise<void> {
  keep(await api<Notebook>("PUT", `/api/notebooks/${id}/join-code`, { role, uses }));
}

export async function switchJoinCodeOff(id: string): Promise<void> {
  keep(await api<Notebook>("DELETE", `/api/notebooks/${id}/join-code`));
}

/** Gone for this user: deleted, left, or shown the door. */
export function drop(id: string): void {
  change(notebooks.value?.filter((notebook) => notebook.id !== id) ?? null);
}

export function keep(notebook: Notebook): Notebook {
  change(withFirst(notebook));
  return notebook;
}

function withFirst(notebook: Notebook): Notebook[] {
  return [notebook, ...(notebooks.value ?? []).filter((other) => other.id !== notebook.id)];
}

/** Keeps the list up to date until the returned function is called. */
export function followNotebooks(onProblem: (error: unknown) => void): () => void {
  const list = new Reader(get, (read) => {
    notebooks.value = read;
  });
  reader = list;
  const load = () => void list.read().catch(onProblem);
  const subscriptions = [
    tellOfRoles(),
    whenLive(load),
    on("notebook:members", () => {
      opening?.touched();
      load();
    }),
    on("notification:new", load),
    on("notebook:deleted", ({ notebookId }) => drop(notebookId)),
    on("notebook:updated", ({ notebookId, title }) => {
      // Of one that was deleted and is back.
      if (notebooks.value?.some(({ id }) => id === notebookId) === false) return load();
      change(notebooks.value?.map((it) => (it.id === notebookId ? { ...it, title } : it)) ?? null);
    }),
  ];
  return () => {
    list.dispose();
    opening?.dispose();
    for (const unsubscribe of subscriptions) unsubscribe();
  };
}
