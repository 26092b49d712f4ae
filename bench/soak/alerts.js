// A real Prometheus with the alerts that are shipped, on the cluster.

import { mkdir } from "node:fs/promises";

import { Prometheus } from "../../e2e/support/prometheus.js";
import { until } from "../../e2e/support/wait.js";

const TIMEOUT_MS = 600_000;

export class Alerts {
  constructor(prometheus) {
    this.prometheus = prometheus;
  }

  static async start(scope, folder, cluster, rules) {
    await mkdir(folder);
    const inside = (parts) => parts.map((part) => part.inside);
    const jobs = {
      "collabry-api": inside(cluster.apis),
      "collabry-ai-engine": inside(cluster.engines),
      "collabry-worker": inside(cluster.workers),
    };
    return new Alerts(await Prometheus.start(scope, folder, jobs, rules));
  }

  /** Resolves with the milliseconds until an alert that is silent now has fired; never when it does not. @param {string} alert */
  async watch(alert) {
    const firing = async () => (await this.prometheus.query(`ALERTS{alertname="${alert}", alertstate="firing"}`)).length > 0;
    await until(`${alert} is silent`, async () => !(await firing()), TIMEOUT_MS).catch(() => undefined);
    const begun = performance.now();
    return until(`${alert} fires`, firing, TIMEOUT_MS).then(() => performance.now() - begun, () => new Promise(() => undefined));
  }
}
