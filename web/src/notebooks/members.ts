import { signal } from "@preact/signals";
import { api } from "../http/client";
import { on, onConnected } from "../realtime/socket";
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
  notebookId: string;
  members: Member[];
  invitations: Invitation[];
  /** Ids of those who are connected. */
  present: string[];
}

export const members = signal<Members | null>(null);

async function load(notebookId: string): Promise<void> {
  const read = await api<Omit<Members, "notebookId">>("GET", `${path(notebookId)}`);
  members.value = { notebookId, ...read };
}

/** Answers whether the address is a member now; otherwise they are once they register. */
export async function invite(notebookId: string, email: string, role: Role): Promise<boolean> {
  const invited = await api<{ member?: Member }>("POST", path(notebookId), { email, role });
  await load(notebookId);
  return invited.member !== undefined;
}

export async function changeRole(notebookId: string, userId: string, role: Role): Promise<void> {
  try {
    await api("PATCH", `${path(notebookId)}/${userId}`, { role });
  } finally {
    // Refused, the role on the screen is still the one that was chosen.
    await load(notebookId);
  }
}

export async function removeMember(notebookId: string, userId: string): Promise<void> {
  await api("DELETE", `${path(notebookId)}/${userId}`);
  await load(notebookId);
}

/** Leaves the notebook: nothing of it can be read after that. */
export async function leave(notebookId: string, me: string): Promise<void> {
  await api("DELETE", `${path(notebookId)}/${me}`);
}

export async function withdraw(notebookId: string, email: string): Promise<void> {
  await api("DELETE", `/api/notebooks/${notebookId}/invitations/${encodeURIComponent(email)}`);
  await load(notebookId);
}

function path(notebookId: string): string {
  return `/api/notebooks/${notebookId}/members`;
}

export function followMembers(notebookId: string, onProblem: (error: unknown) => void): () => void {
  members.value = null;
  const read = () => void load(notebookId).catch(onProblem);
  read();
  const subscriptions = [
    onConnected(read),
    on("notebook:members", (event) => {
      if (event.notebookId === notebookId) read();
    }),
    on("presence:update", (event) => {
      const known = members.value;
      if (known?.notebookId === event.notebookId) members.value = { ...known, present: event.userIds };
    }),
  ];
  return () => {
    for (const unsubscribe of subscriptions) unsubscribe();
    members.value = null;
  };
}
