// `make cluster`: everything that production has, on this machine. Ctrl-C ends all of it in order; a second one at once.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { join, resolve } from "node:path";

import { isFree } from "../support/ports.js";
import { Cluster } from "./cluster.js";
import { take } from "./lock.js";
import { logTo } from "./log.js";

const FOLDER = resolve(process.env.COLLABRY_CLUSTER_DIR ?? join(import.meta.dirname, "../../data/cluster"));
const PORT = Number(process.env.COLLABRY_CLUSTER_PORT ?? 8080);

/** Stays the same, so that people stay signed in. @param {string} name */
async function secret(name) {
  const path = join(FOLDER, name);
  const kept = await readFile(path, "utf8").catch(() => undefined);
  if (kept) return kept;
  const made = randomBytes(48).toString("base64");
  await writeFile(path, made, { mode: 0o600 });
  return made;
}

/** What each process has for itself here, whatever a lone server would use. */
const THEIR_OWN = ["BIND", "INTERNAL_BIND", "ENGINE_BIND", "ENGINE_URLS", "DATA_DIR", "WEB_DIR", "TRUSTED_PROXIES"].map((name) => `COLLABRY_${name}`);
/** Everything else that is set holds for every role. */
const common = Object.entries(process.env).filter(([name, value]) => {
  return /^(COLLABRY|OTEL)_/.test(name) && value !== "" && !THEIR_OWN.includes(name);
});

const log = logTo(process.stdout);

/** Says why, before anything was started. @param {unknown} why @returns {never} */
function refuse(why) {
  log("cluster")(why instanceof Error ? why.message : String(why));
  process.exit(1);
}

await mkdir(FOLDER, { recursive: true });
await take(FOLDER).catch(refuse);
if (!(await isFree(PORT))) refuse(`port ${PORT} is taken: end what listens there, or choose another one (COLLABRY_CLUSTER_PORT)`);
const cluster = new Cluster({
  folder: FOLDER,
  port: PORT,
  mongodb: process.env.MONGODB_URI || undefined,
  redis: process.env.REDIS_URL || undefined,
  settings: { COLLABRY_JWT_SECRET: await secret("jwt-secret"), COLLABRY_LOG_FORMAT: "text", ...Object.fromEntries(common) },
  log,
});

let stopping = false;
async function end() {
  if (stopping) {
    await cluster.destroy();
    process.exit(130);
  }
  stopping = true;
  log("cluster")("ending in order; Ctrl-C again ends at once");
  await cluster.stop();
  process.exit(0);
}
process.on("SIGINT", end);
process.on("SIGTERM", end);

try {
  await cluster.prepare();
  await cluster.run();
  log("cluster")(`ready: ${cluster.url}`);
} catch (error) {
  if (!stopping) {
    log("cluster")(String(error));
    await cluster.destroy();
    process.exit(1);
  }
}
