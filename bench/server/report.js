// Figures for people (a table at the end) and for programs (a line of JSON each, at once).

/** The value below which `part` of the sorted values lie (nearest rank). @param {number[]} sorted @param {number} part */
const quantile = (sorted, part) => sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)];

export class Report {
  #rows = [];

  /** @param {boolean} json */
  constructor(json) {
    this.json = json;
  }

  /** One number. @param {string} name @param {number} value @param {string} unit */
  figure(name, value, unit) {
    this.#add({ name, unit, value: round(value) });
  }

  /** Durations in milliseconds. @param {string} name @param {number[]} values */
  durations(name, values) {
    const sorted = [...values].sort((a, b) => a - b);
    const [p50, p90, p99] = [0.5, 0.9, 0.99].map((part) => round(quantile(sorted, part)));
    this.#add({ name, unit: "ms", n: sorted.length, p50, p90, p99, max: round(sorted.at(-1)) });
  }

  /** What goes on, for whoever waits. @param {string} text */
  progress(text) {
    process.stderr.write(`${text}\n`);
  }

  #add(row) {
    this.#rows.push(row);
    if (this.json) process.stdout.write(`${JSON.stringify({ bench: "server", ...row })}\n`);
  }

  print() {
    if (this.json) return;
    const columns = ["n", "p50", "p90", "p99", "max", "value", "unit"];
    const width = Math.max(...this.#rows.map(({ name }) => name.length));
    const line = (name, cells) => `${name.padEnd(width)}  ${cells.map((cell) => String(cell).padStart(8)).join("")}`;
    const body = this.#rows.map((row) => line(row.name, columns.map((column) => row[column] ?? "")));
    process.stdout.write(`${[line("", columns), ...body].join("\n")}\n`);
  }
}

/** @param {number | undefined} value */
const round = (value) => (value === undefined ? NaN : Number(value.toPrecision(3)));
