// Resident memory of each process over the time of its last life, and the slope of it.

import { memoryOf } from "../../e2e/support/memory.js";

const LOOK_MS = 5_000;
const MIB = 1024 * 1024;
/** Memory grows to its working size at first; what counts is what comes then. */
const WARM_MS = 60_000;

export class Memory {
  /** @type {Map<string, { pid: number, samples: { at: number, bytes: number }[] }>} */
  #lives = new Map();

  /** @param {import("../../e2e/cluster/cluster.js").Cluster} cluster */
  constructor(cluster) {
    const parts = [...cluster.apis, ...cluster.engines, ...cluster.workers];
    this.timer = setInterval(() => Promise.all(parts.map((part) => this.#look(part))), LOOK_MS);
  }

  async #look(part) {
    if (!part.alive) return;
    const { pid, name } = part;
    const found = await memoryOf(pid).catch(() => undefined);
    if (!found) return;
    let life = this.#lives.get(name);
    if (life?.pid !== pid) this.#lives.set(name, (life = { pid, samples: [] }));
    life.samples.push({ at: performance.now(), bytes: found.resident });
  }

  stop() {
    clearInterval(this.timer);
  }

  /** A line for each process: its memory now and at most, and how it grows (least squares). */
  slopes() {
    return [...this.#lives].map(([name, { samples }]) => {
      const warm = samples.filter(({ at }) => at - samples[0].at >= WARM_MS);
      const peak = Math.max(...samples.map(({ bytes }) => bytes));
      const now = samples.at(-1)?.bytes ?? 0;
      const slope = warm.length < 3 ? "too short for a slope" : `${perMinute(warm).toFixed(2)} MiB/min`;
      return `${name}: ${(now / MIB).toFixed(0)} MiB, at most ${(peak / MIB).toFixed(0)}, ${slope}`;
    });
  }
}

/** @param {{ at: number, bytes: number }[]} samples */
function perMinute(samples) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [at, bytes] = [mean(samples.map((sample) => sample.at)), mean(samples.map((sample) => sample.bytes))];
  const spread = samples.reduce((sum, sample) => sum + (sample.at - at) ** 2, 0);
  const together = samples.reduce((sum, sample) => sum + (sample.at - at) * (sample.bytes - bytes), 0);
  return ((together / spread) * 60_000) / MIB;
}
