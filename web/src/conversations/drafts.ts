// What was begun in each conversation, for whoever looks into another one meanwhile.

export interface Draft {
  text: string;
  /** Whether an answer is asked for. */
  ask: boolean;
}

const EMPTY: Draft = { text: "", ask: true };
const drafts = new Map<string, Draft>();

export function draftOf(key: string): Draft {
  return drafts.get(key) ?? EMPTY;
}

export function keepDraft(key: string, draft: Draft): void {
  if (draft.text === "" && draft.ask) drafts.delete(key);
  else drafts.set(key, draft);
}

/** For a conversation that has got an id of its own. */
export function moveDraft(from: string, to: string): void {
  const draft = drafts.get(from);
  if (draft === undefined) return;
  drafts.delete(from);
  drafts.set(to, draft);
}
