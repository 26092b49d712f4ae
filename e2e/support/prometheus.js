// A real Prometheus that scrapes a cluster.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { Service } from "../cluster/service.js";
import { freePort } from "./ports.js";

export class Prometheus extends Service {
  /** @param {string} folder @param {number} port */
  constructor(folder, port) {
    const args = [`--config.file=${join(folder, "prometheus.json")}`, `--storage.tsdb.path=${join(folder, "tsdb")}`];
    super({
      name: "prometheus",
      program: "prometheus",
      args: [...args, `--web.listen-address=127.0.0.1:${port}`, "--log.level=warn"],
      ready: () => fetch(`http://127.0.0.1:${port}/-/ready`).then((answer) => answer.ok, () => false),
    });
    this.url = `http://127.0.0.1:${port}`;
  }

  /**
   * One that ends with the test.
   * @param {{ after(fn: () => unknown): void }} test
   * @param {string} folder
   * @param {Record<string, string[]>} jobs what is scraped, by job
   * @param {string} rules
   * @param {string[]} [alertmanagers] who is told of alerts
   */
  static async start(test, folder, jobs, rules, alertmanagers = []) {
    const scrape_configs = Object.entries(jobs).map(([job_name, targets]) => ({ job_name, static_configs: [{ targets }] }));
    // JSON is YAML.
    const global = { scrape_interval: "1s", evaluation_interval: "1s", external_labels: { runbooks: "docs/runbooks.md" } };
    const alerting = { alertmanagers: [{ static_configs: [{ targets: alertmanagers }] }] };
    const config = { global, alerting, rule_files: [rules], scrape_configs };
    await writeFile(join(folder, "prometheus.json"), JSON.stringify(config));
    const prometheus = new Prometheus(folder, await freePort());
    test.after(() => prometheus.destroy());
    await prometheus.start();
    return prometheus;
  }

  /** The series that an expression has now. @param {string} expression @returns {Promise<any[]>} */
  async query(expression) {
    const { result } = await this.#api(`query?query=${encodeURIComponent(expression)}`);
    return result;
  }

  /** The names of all metrics. @returns {Promise<string[]>} */
  names() {
    return this.#api("label/__name__/values");
  }

  async #api(path) {
    const answer = await fetch(`${this.url}/api/v1/${path}`);
    const { status, data, error } = await answer.json();
    if (status !== "success") throw new Error(`${decodeURIComponent(path)}: ${error}`);
    return data;
  }
}
