import { signal } from "@preact/signals";
import { sentence } from "../http/problem";
import type { Page } from "../realtime/types";

/** Pages per step: each is a call, and calls are limited. */
const STEP = 200;
/** At a time. */
const BESIDE = 4;

type State = "waiting" | "reading" | "paused" | "done" | { problem: string };

export type ReadPage = (number: number) => Promise<Page>;

/** The pages of a source from the first one on, read in steps to search all of it. */
export class AllPages {
  /** Without a gap. */
  readonly pages = signal<readonly Page[]>([]);
  readonly state = signal<State>("waiting");
  readonly #read: ReadPage;
  #stopped = false;

  constructor(read: ReadPage) {
    this.#read = read;
  }

  /** How many there are, as far as that is known. */
  get total(): number | null {
    const [first] = this.pages.value;
    if (this.state.value === "done") return this.pages.value.length;
    return first?.pageCount ?? null;
  }

  /** Reads the next step. */
  async goOn(): Promise<void> {
    const state = this.state.peek();
    if (state === "reading" || state === "done") return;
    this.#stopped = false;
    this.state.value = "reading";
    try {
      this.state.value = await this.#step();
    } catch (error) {
      this.state.value = { problem: sentence(error) };
    }
  }

  /** Stops the search. */
  stop(): void {
    this.#stopped = true;
  }

  async #step(): Promise<State> {
    const until = this.pages.peek().length + STEP;
    while (this.pages.peek().length < until) {
      if (this.#stopped) return "paused";
      const next = this.#next(until);
      if (next.length === 0) return "done";
      const pages = await Promise.all(next.map(this.#read));
      this.pages.value = [...this.pages.peek(), ...pages];
    }
    return this.pages.peek().at(-1)?.hasNext === false ? "done" : "paused";
  }

  /** Those that are there for sure: where they are not counted, one after the other. */
  #next(until: number): number[] {
    const last = this.pages.peek().at(-1);
    if (last === undefined) return [1];
    if (!last.hasNext) return [];
    const most = last.pageCount === null ? last.number + 1 : Math.min(last.pageCount, last.number + BESIDE, until);
    return Array.from({ length: most - last.number }, (_, index) => last.number + 1 + index);
  }
}
