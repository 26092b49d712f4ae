import { signal } from "@preact/signals";
import { api } from "../http/client";
import { on, onConnected } from "../realtime/socket";
import type { Role } from "../realtime/types";

export interface Notebook {
  id: string;
  title: string;
  role: Role;
  createdAt: string;
  updatedAt: string;
  /** Owners only. */
  joinCode: { code: string; role: Role } | null;
}

/** `null` until they are read for the first time. */
export const notebooks = signal<Notebook[] | null>(null);

export async function loadNotebooks(): Promise<void> {
  notebooks.value = (await api<{ notebooks: Notebook[] }>("GET", "/api/notebooks")).notebooks;
}

export async function createNotebook(title: string): Promise<Notebook> {
  return keep(await api<Notebook>("POST", "/api/notebooks", { title }));
}

export async function joinNotebook(code: string): Promise<Notebook> {
  return keep(await api<Notebook>("POST", "/api/notebooks/join", { code }));
}

export async function readNotebook(id: string): Promise<Notebook> {
  return keep(await api<Notebook>("GET", `/api/notebooks/${id}`));
}

export async function renameNotebook(id: string, title: string): Promise<void> {
  keep(await api<Notebook>("PATCH", `/api/notebooks/${id}`, { title }));
}

export async function deleteNotebook(id: string): Promise<void> {
  await api("DELETE", `/api/notebooks/${id}`);
  drop(id);
}

export async function switchJoinCodeOn(id: string, role: Role): Promise<void> {
  keep(await api<Notebook>("PUT", `/api/notebooks/${id}/join-code`, { role }));
}

export async function switchJoinCodeOff(id: string): Promise<void> {
  keep(await api<Notebook>("DELETE", `/api/notebooks/${id}/join-code`));
}

/** Gone for this user: deleted, left, or shown the door. */
export function drop(id: string): void {
  notebooks.value = notebooks.value?.filter((notebook) => notebook.id !== id) ?? null;
}

function keep(notebook: Notebook): Notebook {
  const others = (notebooks.value ?? []).filter((other) => other.id !== notebook.id);
  notebooks.value = [notebook, ...others];
  return notebook;
}

/** Keeps the list up to date until the returned function is called. */
export function followNotebooks(onProblem: (error: unknown) => void): () => void {
  const load = () => void loadNotebooks().catch(onProblem);
  load();
  const subscriptions = [
    onConnected(load),
    on("notebook:members", load),
    on("notification:new", load),
    on("notebook:deleted", ({ notebookId }) => drop(notebookId)),
    on("notebook:updated", ({ notebookId, title }) => {
      notebooks.value = notebooks.value?.map((it) => (it.id === notebookId ? { ...it, title } : it)) ?? null;
    }),
  ];
  return () => {
    for (const unsubscribe of subscriptions) unsubscribe();
  };
}
