import { computed, signal } from "@preact/signals";
import { api } from "../http/client";
import { on, onConnected } from "../realtime/socket";
import type { Notification } from "../realtime/types";

/** Newest first. */
export const notifications = signal<Notification[]>([]);
export const unread = computed(() => notifications.value.filter(({ readAt }) => readAt === null).length);

async function load(): Promise<void> {
  const read = await api<{ notifications: Notification[] }>("GET", "/api/notifications");
  notifications.value = read.notifications;
}

export async function markAllRead(): Promise<void> {
  const newest = notifications.value[0];
  if (newest === undefined || unread.value === 0) return;
  const readAt = new Date().toISOString();
  notifications.value = notifications.value.map((it) => ({ ...it, readAt: it.readAt ?? readAt }));
  await api("POST", "/api/notifications/read", { upTo: newest.id });
}

export function followNotifications(onProblem: (error: unknown) => void): () => void {
  const subscriptions = [
    onConnected(() => void load().catch(onProblem)),
    on("notification:new", ({ notification }) => {
      notifications.value = [notification, ...notifications.value.filter(({ id }) => id !== notification.id)];
    }),
  ];
  return () => {
    for (const unsubscribe of subscriptions) unsubscribe();
    notifications.value = [];
  };
}
