import { signal } from "@preact/signals";
import { api } from "../http/client";
import { Reader } from "../http/reader";
import { on, whenLive } from "../realtime/socket";
import type { Role, User } from "../realtime/types";

export interface Member {
  user: User;
  role: Role;
  joinedAt: string;
}

export interface Invitation {
  email: string;
  role: Role;
  createdAt: string;
}

export interface Members {
  members: Member[];
  invitations: Invitation[];
  /** Ids of those who are connected. */
  present: string[];
}

export const members = signal<Members | null>(null);

/** Of the notebook that is open. */
let reader: Reader<Members> | undefined;

/** Answers whether the address is a member now; otherwise they are once they register. */
export async function invite(notebookId: string, email: string, role: Role): Promise<boolean> {
  const invited = await api<{ member?: Member }>("POST", path(notebookId), { email, role });
  await reader?.read();
  return invited.member !== undefined;
}

export async function changeRole(notebookId: string, userId: string, role: Role): Promise<void> {
  try {
    await api("PATCH", `${path(notebookId)}/${userId}`, { role });
  } finally {
    // Refused, the role on the screen is still the one that was chosen.
    await reader?.read();
  }
}

export async function removeMember(notebookId: string, userId: string): Promise<void> {
  await api("DELETE", `${path(notebookId)}/${userId}`);
  await reader?.read();
}

/** Leaves the notebook: nothing of it can be read after that. */
export async function leave(notebookId: string, me: string): Promise<void> {
  await api("DELETE", `${path(notebookId)}/${me}`);
}

export async function withdraw(notebookId: string, email: string): Promise<void> {
  await api("DELETE", `/api/notebooks/${notebookId}/invitations/${encodeURIComponent(email)}`);
  await reader?.read();
}

function path(notebookId: string): string {
  return `/api/notebooks/${notebookId}/members`;
}

export function followMembers(notebookId: string, onProblem: (error: unknown) => void): () => void {
  members.value = null;
  // Who is there, as the connection has told since it began: newer than any list that is read meanwhile.
  let told: string[] | null = null;
  const list = new Reader(
    () => api<Members>("GET", path(notebookId)),
    (read) => {
      members.value = told === null ? read : { ...read, present: told };
    },
  );
  reader = list;
  const read = () => void list.read().catch(onProblem);
  const subscriptions = [
    whenLive(() => {
      told = null;
      read();
    }),
    on("notebook:members", (event) => {
      if (event.notebookId === notebookId) read();
    }),
    on("presence:update", (event) => {
      if (event.notebookId !== notebookId) return;
      told = event.userIds;
      members.value = members.value && { ...members.value, present: told };
    }),
  ];
  return () => {
    list.dispose();
    for (const unsubscribe of subscriptions) unsubscribe();
    members.value = null;
  };
}
