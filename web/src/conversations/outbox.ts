import type { Requests } from "../realtime/types";

/** Unacknowledged attempts before the user is asked. */
const MAX_ATTEMPTS = 4;

export type Draft = Requests["message:send"]["payload"];

export interface Outgoing extends Draft {
  state: "sending" | "failed";
  attempts: number;
  /** Why it was not sent, in a sentence. */
  problem: string | null;
  createdAt: string;
}

/**
 * Messages that the server has not acknowledged. Each keeps its `clientId` for ever, so it can be sent as often as it
 * takes and is stored once. Within a conversation they go one after the other, in the order they were written.
 */
export class Outbox {
  #entries: Outgoing[];
  readonly #inFlight = new Set<string>();

  constructor(kept: Outgoing[] = []) {
    this.#entries = kept;
  }

  get entries(): readonly Outgoing[] {
    return this.#entries;
  }

  of(conversationId: string): Outgoing[] {
    return this.#entries.filter((entry) => entry.conversationId === conversationId);
  }

  add(draft: Draft, now: Date): void {
    const entry: Outgoing = { ...draft, state: "sending", attempts: 0, problem: null, createdAt: now.toISOString() };
    this.#entries = [...this.#entries, entry];
  }

  /** Takes what may be sent now: the first waiting message of each conversation that has none under way. */
  take(): Outgoing[] {
    const busy = new Set<string>();
    const taken: Outgoing[] = [];
    for (const entry of this.#entries) {
      if (entry.state === "failed" || busy.has(entry.conversationId)) continue;
      busy.add(entry.conversationId);
      if (this.#inFlight.has(entry.clientId)) continue;
      this.#inFlight.add(entry.clientId);
      taken.push(entry);
    }
    return taken;
  }

  /** Acknowledged, or seen in the log: it is stored. */
  stored(clientId: string): void {
    this.#inFlight.delete(clientId);
    this.#entries = this.#entries.filter((entry) => entry.clientId !== clientId);
  }

  /** No acknowledgement arrived in time on a live connection. */
  unanswered(clientId: string): void {
    this.#inFlight.delete(clientId);
    this.#change(clientId, (entry) => {
      const attempts = entry.attempts + 1;
      if (attempts < MAX_ATTEMPTS) return { ...entry, attempts };
      return { ...entry, attempts, state: "failed", problem: "The server did not answer." };
    });
  }

  /**
   * The server asked to wait, and says why: it stays under way until `waited`, and those behind it wait with it. `false`
   * when it has waited often enough, and the user is asked.
   */
  postponed(clientId: string, problem: string): boolean {
    this.#change(clientId, (entry) => ({ ...entry, attempts: entry.attempts + 1, problem }));
    const attempts = this.#entries.find((entry) => entry.clientId === clientId)?.attempts;
    if (attempts === undefined || attempts < MAX_ATTEMPTS) return true;
    this.refused(clientId, problem);
    return false;
  }

  /** The server's requested wait is over: it may be sent again. */
  waited(clientId: string): void {
    this.#inFlight.delete(clientId);
    this.#change(clientId, (entry) => ({ ...entry, problem: null }));
  }

  /** The connection was lost: this does not count as an attempt, and the message is resent on the next connection. */
  interrupted(clientId: string): void {
    this.#inFlight.delete(clientId);
  }

  /** The server rejected it, with a reason. */
  refused(clientId: string, problem: string): void {
    this.#inFlight.delete(clientId);
    this.#change(clientId, (entry) => ({ ...entry, state: "failed", problem }));
  }

  retry(clientId: string): void {
    this.#change(clientId, (entry) => ({ ...entry, state: "sending", attempts: 0, problem: null }));
  }

  discard(clientId: string): void {
    this.stored(clientId);
  }

  #change(clientId: string, change: (entry: Outgoing) => Outgoing): void {
    this.#entries = this.#entries.map((entry) => (entry.clientId === clientId ? change(entry) : entry));
  }
}
