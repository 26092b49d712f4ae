/** How many times a response may be overtaken by a change; then it is used anyway, so that there is something to show. */
const ROUNDS = 3;

/**
 * Reads data over REST that events also change. A response from before a change can arrive after it, and would undo the
 * change. So there is one read at a time, and a read that was overtaken is repeated.
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

  /** Resolves once the response to a request made after this call is applied, or fails as that read did. */
  read(): Promise<void> {
    if (this.#disposed) return Promise.resolve();
    this.#asked = true;
    this.#overtaken = true;
    // Not at once: several calls in the same turn become one read.
    this.#reading ??= Promise.resolve().then(() => this.#run());
    return this.#reading;
  }

  /** The data was changed here: a pending response may lack the change. */
  touched(): void {
    this.#overtaken = true;
  }

  /** Applies no more responses, and ignores failing reads. */
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

  /** One read. After the last round, only callers that asked in the meantime get another. */
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
