// Five replicas, 2,000 attempts at once against one limit: as many are let through as it says, exactly.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { Cluster } from "../cluster/cluster.js";
import { Account } from "../support/account.js";

const REPLICAS = 5;
const ATTEMPTS = 2_000;
const AT_ONCE = 200;
/** Refills one in each 18 s: none while the attempts are made. */
const LIMIT = 50;

const settings = { COLLABRY_LIMIT_API: String(LIMIT) };
const cluster = await Cluster.start({ after }, { apis: REPLICAS, engines: 1, settings });

test("admitted is the limit", async (t) => {
  const ada = await cluster.account("Ada", cluster.apis[0].url);
  const headers = { authorization: `Bearer ${ada.token}` };
  /** @type {Record<number, number>} */
  const statuses = {};
  const begun = performance.now();
  let next = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < ATTEMPTS) {
      const api = cluster.apis[next++ % REPLICAS];
      const answer = await fetch(`${api.url}/api/auth/me`, { headers });
      await answer.arrayBuffer();
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      if (answer.status === 429) assert.ok(Number(answer.headers.get("retry-after")) > 0);
    }
  }));
  const seconds = (performance.now() - begun) / 1000;
  t.diagnostic(`${ATTEMPTS} attempts in ${seconds.toFixed(1)} s`);
  assert.ok(seconds < (15 * 60) / LIMIT, "no place was refilled meanwhile");
  assert.deepEqual(statuses, { 200: LIMIT, 429: ATTEMPTS - LIMIT });
  // Who else is there is not limited by it.
  await (await Account.register(cluster.apis[1].url, "bob@example.org", "Bob")).get("/api/auth/me");
});
