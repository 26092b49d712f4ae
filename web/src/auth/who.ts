import { signal } from "@preact/signals";

/** The id of the user who is signed in; empty when nobody is. For what is kept per user, without the session's machinery. */
export const userId = signal("");

/** A key in the browser's storage that is this user's own. */
export const own = (key: string) => `${key}.${userId.peek()}`;
