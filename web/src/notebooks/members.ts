import { signal } from "@preact/signals";
import { api } from "../http/client";
import { all } from "../http/list";
import { Reader } from "../http/reader";
import { on, whenLive } from "../realtime/socket";
import { joinLink } from "./join-link";
import type { Member, MemberList, NewInvitation, Role } from "../realtime/types";

export type Members = Omit<MemberList, "next">;

export const members = signal<Members | null>(null);

/** Each notebook's members when it was last left, to show them at once when it is opened again. */
const left = new Map<string, Members>();

/** For the open notebook. */
let reader: Reader<Members> | undefined;

/** Returns the link to hand over; it is not shown again. */
export async function invite(notebookId: string, email: string, role: Role): Promise<string> {
  const { code } = await api<NewInvitation>("POST", path(notebookId), { email, role });
  await reader?.read();
  return joinLink(code);
}

export async function changeRole(notebookId: string, userId: string, role: Role): Promise<void> {
  try {
    await api("PATCH", `${path(notebookId)}/${userId}`, { role });
  } finally {
    // If the change was refused, the screen still shows the chosen role.
    await reader?.read();
  }
}

export async function removeMember(notebookId: string, userId: string): Promise<void> {
  await api("DELETE", `${path(notebookId)}/${userId}`);
  await reader?.read();
}

/** Leaves the notebook; nothing in it can be read afterwards. */
export async function leave(notebookId: string, me: string): Promise<void> {
  await api("DELETE", `${path(notebookId)}/${me}`);
}

export async function withdraw(notebookId: string, invitationId: string): Promise<void> {
  await api("DELETE", `/api/notebooks/${notebookId}/invitations/${invitationId}`);
  await reader?.read();
}

function path(notebookId: string): string {
  return `/api/notebooks/${notebookId}/members`;
}

export function followMembers(notebookId: string, onProblem: (error: unknown) => void): () => void {
  members.value = left.get(notebookId) ?? null;
  // The members present, from events of this connection: newer than any list that is being read.
  let present: string[] | null = null;
  const list = new Reader<Members>(
    async () => {
      const first = await api<MemberList>("GET", path(notebookId));
      return first.next ? { ...first, members: await all<Member>(path(notebookId), "members") } : first;
    },
    (read) => {
      members.value = present === null ? read : { ...read, present };
    },
  );
  reader = list;
  const read = () => void list.read().catch(onProblem);
  const subscriptions = [
    whenLive(() => {
      present = null;
      read();
    }),
    on("notebook:members", (event) => {
      if (event.notebookId === notebookId) read();
    }),
    on("presence:update", (event) => {
      if (event.notebookId !== notebookId) return;
      present = event.userIds;
      members.value = members.value && { ...members.value, present };
    }),
  ];
  return () => {
    list.dispose();
    for (const unsubscribe of subscriptions) unsubscribe();
    if (members.value !== null) left.set(notebookId, members.value);
    members.value = null;
  };
}

/** Forgets this user's data. */
export function forgetMembers(): void {
  left.clear();
}
