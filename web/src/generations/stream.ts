import type { Citation, Failure, GenerationEvent } from "../realtime/types";

/**
 * A client's copy of a generation's log: the text so far, and the id up to which nothing is missing. Repetitions are
 * dropped; what comes after a gap waits until the caller has asked for what lies between.
 */
export class GenerationStream {
  readonly id: string;
  questionId: string;
  answerId: string;
  model: string;
  text = "";
  citations: Citation[] = [];
  state: "running" | "done" | "stopped" | "interrupted" | "failed" = "running";
  failure: Failure | null = null;
  /** The model thinks before it goes on. */
  thinking = false;
  readonly #waiting = new Map<number, GenerationEvent>();
  #lastEventId = 0;

  constructor(id: string, about: { questionId: string; answerId: string; model: string }) {
    this.id = id;
    this.questionId = about.questionId;
    this.answerId = about.answerId;
    this.model = about.model;
  }

  get lastEventId(): number {
    return this.#lastEventId;
  }

  get over(): boolean {
    return this.state !== "running";
  }

  get hasGap(): boolean {
    return this.#waiting.size > 0;
  }

  apply(event: GenerationEvent): "applied" | "known" | "gap" {
    if (event.eventId <= this.#lastEventId) return "known";
    this.#waiting.set(event.eventId, event);
    const before = this.#lastEventId;
    for (let next = this.#take(); next !== undefined; next = this.#take()) this.#append(next);
    if (this.hasGap) return "gap";
    return this.#lastEventId > before ? "applied" : "known";
  }

  #take(): GenerationEvent | undefined {
    const next = this.#waiting.get(this.#lastEventId + 1);
    if (next !== undefined) this.#waiting.delete(next.eventId);
    return next;
  }

  #append(event: GenerationEvent): void {
    this.#lastEventId = event.eventId;
    switch (event.type) {
      case "started":
        this.questionId = event.questionId;
        this.answerId = event.answerId;
        this.model = event.model;
        break;
      case "citations":
        this.citations = event.citations;
        break;
      case "delta":
        this.text = (event.anew === true ? "" : this.text) + event.text;
        this.thinking = event.thinking === true;
        break;
      case "done":
        this.state = event.state;
        this.answerId = event.answerId;
        break;
      case "failed":
        this.state = "failed";
        this.failure = event.failure;
        break;
    }
  }
}
