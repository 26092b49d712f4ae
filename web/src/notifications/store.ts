import { computed, signal } from "@preact/signals";
import { api } from "../http/client";
import { Reader } from "../http/reader";
import { on, onConnected } from "../realtime/socket";
import type { Notification, NotificationList } from "../realtime/types";

/** Newest first. */
export const notifications = signal<Notification[]>([]);
export const unread = computed(() => notifications.value.filter(({ readAt }) => readAt === null).length);

let reader: Reader<Notification[]> | undefined;

async function get(): Promise<Notification[]> {
  return (await api<NotificationList>("GET", "/api/notifications")).notifications;
}

function change(next: Notification[]): void {
  notifications.value = next;
  reader?.touched();
}

export async function markAllRead(): Promise<void> {
  const newest = notifications.value[0];
  if (newest === undefined || unread.value === 0) return;
  const readAt = new Date().toISOString();
  change(notifications.value.map((it) => ({ ...it, readAt: it.readAt ?? readAt })));
  try {
    await api("POST", "/api/notifications/read", { upTo: newest.id });
  } finally {
    // Until it is stored, a read takes the marks back; refused, they are not true.
    await reader?.read();
  }
}

export function followNotifications(onProblem: (error: unknown) => void): () => void {
  const list = new Reader(get, (read) => {
    notifications.value = read;
  });
  reader = list;
  const subscriptions = [
    onConnected(() => void list.read().catch(onProblem)),
    on("notification:new", ({ notification }) => {
      change([notification, ...notifications.value.filter(({ id }) => id !== notification.id)]);
    }),
  ];
  return () => {
    list.dispose();
    for (const unsubscribe of subscriptions) unsubscribe();
    notifications.value = [];
  };
}
