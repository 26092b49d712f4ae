import { own } from "../auth/who";
import { forget, recall, remember } from "../ui/storage";

// Drafts of each conversation, kept in the browser while the user looks into another conversation, reloads, or has to sign in
// again.

export interface Draft {
  text: string;
  /** Whether an answer is asked for. */
  ask: boolean;
}

const EMPTY: Draft = { text: "", ask: true };

/** Each under a key of its own: another tab writes into another conversation. */
const here = (key: string) => `${own("draft")}.${key}`;

export function draftOf(key: string): Draft {
  return recall(localStorage, here(key), EMPTY);
}

export function keepDraft(key: string, draft: Draft): void {
  if (draft.text === "" && draft.ask) forget(localStorage, here(key));
  else remember(localStorage, here(key), draft);
}

/** For a conversation that has got an id of its own. */
export function moveDraft(from: string, to: string): void {
  const draft = draftOf(from);
  if (draft === EMPTY) return;
  keepDraft(from, EMPTY);
  keepDraft(to, draft);
}
