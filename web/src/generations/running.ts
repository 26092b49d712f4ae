import { type Signal, signal } from "@preact/signals";
import { Problem } from "../http/problem";
import type { GenerationEvent, GenerationEventName, RunningGeneration, ServerEvents } from "../realtime/types";
import type { Wire } from "../realtime/wire";
import { GenerationStream } from "./stream";

/** Silence after which a running answer is asked for what it may have lost. */
const SILENCE_MS = 10_000;
const LOOK_EVERY_MS = 5_000;
const NAMES: GenerationEventName[] = ["started", "citations", "delta", "done", "failed"];

/** A stream, and a number that changes whenever it does. */
export interface Running {
  stream: GenerationStream;
  tick: Signal<number>;
}

interface Tracked extends Running {
  resuming: boolean;
  heardAt: number;
}

export interface RunningDeps {
  wire: Wire;
  conversationId: string;
  /** Whether the answer of a generation is stored: then its stream has served. */
  isStored(generationId: string): boolean;
  /** The set of streams changed, or one of them ended. */
  onChange(): void;
  /** An answer ended and is not in the log yet. */
  onMissing(): void;
}

/** The answers of one conversation that are being written, each complete whatever the connection loses. */
export class RunningGenerations {
  readonly #deps: RunningDeps;
  readonly #tracked = new Map<string, Tracked>();
  readonly #unsubscribe: (() => void)[];

  constructor(deps: RunningDeps) {
    this.#deps = deps;
    const looking = setInterval(() => this.#lookForSilence(), LOOK_EVERY_MS);
    this.#unsubscribe = [...NAMES.map((name) => this.#listen(name)), () => clearInterval(looking)];
  }

  dispose(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  list(): Running[] {
    return [...this.#tracked.values()];
  }

  ids(): string[] {
    return [...this.#tracked.keys()];
  }

  /** Whether all of these answers are here, each up to the event that is named, or stored. */
  has(generations: { generationId: string; lastEventId: number }[]): boolean {
    return generations.every(({ generationId, lastEventId }) => {
      const known = this.#tracked.get(generationId);
      return this.#deps.isStored(generationId) || (known !== undefined && known.stream.lastEventId >= lastEventId);
    });
  }

  /** What a join said is in the making; `before` are the ids that were tracked when it was asked. */
  joined(listed: RunningGeneration[], before: string[]): void {
    for (const generation of listed) {
      if (this.#deps.isStored(generation.generationId)) continue;
      const tracked = this.#track(generation.generationId, generation);
      if (tracked.stream.lastEventId < generation.lastEventId) void this.#resume(tracked);
    }
    const running = new Set(listed.map(({ generationId }) => generationId));
    for (const id of before) {
      const tracked = this.#tracked.get(id);
      // It ended while there was no connection: its last events say how.
      if (tracked !== undefined && !running.has(id) && !tracked.stream.over) void this.#resume(tracked);
    }
    this.settle();
  }

  /** Lets go of the streams whose answers are stored. */
  settle(): void {
    for (const id of this.#tracked.keys()) if (this.#deps.isStored(id)) this.#tracked.delete(id);
    this.#deps.onChange();
  }

  #listen(name: GenerationEventName): () => void {
    return this.#deps.wire.on(`generation:${name}`, (payload: ServerEvents[`generation:${GenerationEventName}`]) => {
      if (payload.conversationId !== this.#deps.conversationId) return;
      if (this.#deps.isStored(payload.generationId)) return;
      const tracked = this.#track(payload.generationId, payload as Partial<RunningGeneration>);
      this.#take(tracked, [payload]);
      if (tracked.stream.hasGap) void this.#resume(tracked);
    });
  }

  #track(id: string, about: Partial<RunningGeneration>): Tracked {
    const known = this.#tracked.get(id);
    if (known !== undefined) return known;
    const { questionId = "", answerId = "", model = "" } = about;
    const stream = new GenerationStream(id, { questionId, answerId, model });
    const tracked = { stream, tick: signal(0), resuming: false, heardAt: Date.now() };
    this.#tracked.set(id, tracked);
    this.#deps.onChange();
    return tracked;
  }

  #take(tracked: Tracked, events: GenerationEvent[]): void {
    const wasOver = tracked.stream.over;
    tracked.heardAt = Date.now();
    for (const event of events) tracked.stream.apply(event);
    tracked.tick.value += 1;
    if (!tracked.stream.over || wasOver) return;
    this.settle();
    if (this.#tracked.has(tracked.stream.id)) this.#deps.onMissing();
  }

  async #resume(tracked: Tracked): Promise<void> {
    if (tracked.resuming) return;
    tracked.resuming = true;
    const { id: generationId, lastEventId } = tracked.stream;
    try {
      const { events } = await this.#deps.wire.request("generation:resume", { generationId, lastEventId });
      this.#take(tracked, events);
    } catch (error) {
      // Anything but a clear answer is tried again: at the next event, at the next connection, or after a silence.
      if (error instanceof Problem && error.code === "not_found") {
        this.#tracked.delete(generationId);
        this.#deps.onChange();
      }
    } finally {
      tracked.resuming = false;
    }
  }

  #lookForSilence(): void {
    const before = Date.now() - SILENCE_MS;
    for (const tracked of this.#tracked.values()) {
      if (tracked.stream.over || tracked.heardAt > before) continue;
      tracked.heardAt = Date.now();
      void this.#resume(tracked);
    }
  }
}
