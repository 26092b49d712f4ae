/** So often an answer may be overtaken; then it is taken all the same, so that there is something to show. */
const ROUNDS = 3;

/**
 * Reads by REST what events change as well. An answer that was made before a change can arrive after it, and would take
 * the change back. So there is one read at a time, and one that was overtaken is read again.
 */
export class Reader<T> {
  readonly #get: () => Promise<T>;
  readonly #take: (answer: T) => void;
  #reading: Promise<void> | undefined;
  #asked = false;
  #overtaken = false;
  #disposed = false;

  constructor(get: () => Promise<T>, take: (answer: T) => void) {
    this.#get = get;
    this.#take = take;
  }

  /** Ends once an answer is taken that was asked for after this call, or fails as that read did. */
  read(): Promise<void> {
    if (this.#disposed) return Promise.resolve();
    this.#asked = true;
    this.#overtaken = true;
    // Not at once: several calls in one go are one read.
    this.#reading ??= Promise.resolve().then(() => this.#run());
    return this.#reading;
  }

  /** What is read has been changed here: an answer under way may lack the change. */
  touched(): void {
    this.#overtaken = true;
  }

  /** Takes nothing any more, and is silent about reads that fail. */
  dispose(): void {
    this.#disposed = true;
  }

  async #run(): Promise<void> {
    try {
      let round = 1;
      while (!(await this.#settled(round))) round += 1;
    } finally {
      this.#reading = undefined;
    }
  }

  /** One read. Beyond the last round only those who asked meanwhile have another. */
  async #settled(round: number): Promise<boolean> {
    this.#asked = false;
    this.#overtaken = false;
    const [answer] = await Promise.allSettled([this.#get()]);
    if (this.#disposed) return true;
    const tooOld = this.#overtaken && round < ROUNDS;
    if (answer.status === "fulfilled" && !tooOld) this.#take(answer.value);
    if (this.#asked || tooOld) return false;
    if (answer.status === "rejected") throw answer.reason;
    return true;
  }
}
