// Every alert, driven by its condition with Prometheus' own rules tester, in each way of running: it fires when it must,
// nothing else fires with it, and nothing at all while all is well.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";

import { CONDITIONS } from "../alerts/conditions.js";
import { KUBERNETES, WAYS, ends, healthy, input } from "../alerts/ways.js";

const ALERTS = resolve(import.meta.dirname, "../../docker/observability/alerts.yml");
const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), "collabry-alerts-"));
after(() => rm(folder, { recursive: true, force: true }));
const names = [...(await readFile(ALERTS, "utf8")).matchAll(/- alert: (\w+)/g)].map(([, name]) => name);

/** What fires after so many minutes. @param {string[]} alerts */
const fires = (minutes, alerts) => ({
  expr: 'group by (alertname) (ALERTS{alertstate="firing"})',
  eval_time: `${minutes}m`,
  exp_samples: alerts.toSorted().map((alertname) => ({ labels: `{alertname="${alertname}"}`, value: 1 })),
});

const quietly = ({ quiet }, fired) => (quiet === undefined ? [] : [fires(quiet, fired)]);

/** @param {string} name @param {any[]} tests */
async function holds(name, tests, evaluation_interval = "1m") {
  if (tests.length === 0) return;
  const file = join(folder, `${name.replaceAll(/\W/g, "-")}.json`);
  await writeFile(file, JSON.stringify({ rule_files: [ALERTS], evaluation_interval, tests }));
  await run("promtool", ["test", "rules", file]).catch((error) => assert.fail(`${name}\n${error.stdout}\n${error.stderr}`));
}

/** Days are looked at less often than minutes. */
const LONG = 3 * 60;

for (const [name, way] of Object.entries(WAYS)) {
  test(`nothing fires while all is well: ${name}`, async () => {
    const quiet = (minutes) => [{ interval: "1m", input_series: input(healthy(way), minutes), promql_expr_test: [fires(minutes, [])] }];
    await holds(`well ${name}`, quiet(90));
    await holds(`long well ${name}`, quiet(30 * 60), "10m");
  });

  test(`each alert fires on its condition: ${name}`, async () => {
    const [short, long] = [[], []];
    for (const [alert, conditions] of Object.entries(CONDITIONS)) {
      for (const condition of [conditions].flat()) {
        if (condition.only && !condition.only.includes(name)) continue;
        const { change, minutes, with: others = [] } = condition;
        (minutes > LONG ? long : short).push({
          name: `${alert}, ${name}`,
          interval: "1m",
          input_series: input(change(healthy(way)), minutes + 1),
          promql_expr_test: [...quietly(condition, []), fires(minutes, [alert, ...others])],
        });
      }
    }
    await Promise.all([holds(`conditions ${name}`, short), holds(`long conditions ${name}`, long, "10m")]);
  });
}

test("no alert is without a condition that makes it fire", () => {
  assert.deepEqual(Object.keys(CONDITIONS).toSorted(), names.toSorted());
});

test("an installation that is well does not hide one that is not", async () => {
  const sick = healthy(KUBERNETES("test")).map((one) => (one.role === "worker" ? { ...one, values: ends(one.values, 5) } : one));
  const series = [...healthy(KUBERNETES("prod")), ...sick];
  const role = { expr: 'count by (installation, role) (ALERTS{alertstate="firing"})', eval_time: "10m", exp_samples: [{ labels: '{installation="people/test", role="worker"}', value: 1 }] };
  await holds("two installations", [{ interval: "1m", input_series: input(series, 11), promql_expr_test: [role] }]);
});
