// Waiting for something to become true: never for a time to pass.

/** Generous: the tests share their machine with whatever else runs on it. */
export const DEADLINE_MS = 60_000;

/**
 * Resolves as `promise` does, or fails after the deadline and says what was waited for.
 * @template T
 * @param {Promise<T>} promise
 * @param {string} what
 * @param {number} [ms]
 * @returns {Promise<T>}
 */
export async function within(promise, what, ms = DEADLINE_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Asks again and again until the answer is neither `undefined` nor `false`; for what does not announce itself.
 * @template T
 * @param {string} what
 * @param {() => Promise<T | undefined | false> | T | undefined | false} ask
 * @param {number} [ms]
 * @returns {Promise<T>}
 */
export async function until(what, ask, ms = DEADLINE_MS) {
  const deadline = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
