import { signal } from "@preact/signals";
import { api } from "../http/client";
import { all } from "../http/list";
import { Reader } from "../http/reader";
import { on, whenLive } from "../realtime/socket";
import { joinLink } from "./join-link";
import type { Member, MemberList, NewInvitation, Role } from "../realtime/types";

export type Members = Omit<MemberList, "next">;

export const members = signal<Members | null>(null);

/** Of each notebook, as it was when it was left: there at once when it is opened again. */
const left = new Map<string, Members>();

/** Of the notebook that is open. */
let reader: Reader<Members> | undefined;

/** Answers the link to hand over; it is not shown again. */
export async function invite(notebookId: string, email: string, role: Role): Promise<string> {
  const { code } = await api<NewInvitation>("POST", path(notebookId), { email, role });
  await reader?.read();
  return joinLink(code);
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

export async function withdraw(notebookId: string, invitationId: string): Promise<void> {
  await api("DELETE", `/api/notebooks/${notebookId}/invitations/${invitationId}`);
  await reader?.read();
}

function path(notebookId: string): string {
  return `/api/notebooks/${notebookId}/members`;
}

export function followMembers(notebookId: string, onProblem: (error: unknown) => void): () => void {
  members.value = left.get(notebookId) ?? null;
  // Who is there, as the connection has told since it began: newer than any list that is read meanwhile.
  let told: string[] | null = null;
  const list = new Reader<Members>(
    async () => {
      const first = await api<MemberList>("GET", path(notebookId));
      return first.next ? { ...first, members: await all<Member>(path(notebookId), "members") } : first;
    },
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
    if (members.value !== null) left.set(notebookId, members.value);
    members.value = null;
  };
}

/** Nothing of this user stays behind. */
export function forgetMembers(): void {
  left.clear();
}
