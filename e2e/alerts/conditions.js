// What makes each alert fire: changes of an installation in which all is well.

import { ends, falls, grows, quick, stays, then } from "./ways.js";

/**
 * @typedef {ReturnType<import("./ways.js").healthy>} Series
 * @typedef {object} Condition
 * @property {(series: Series) => Series} change
 * @property {number} minutes after so many it fires
 * @property {number} [quiet] after so many it does not yet
 * @property {string[]} [with] what else fires then
 * @property {string[]} [only] the ways of running in which it can happen; default: all
 */

/** From this minute on nothing is as before. */
const BREAKS = 5;

const fits = (labels, wanted) => Object.entries(wanted).every(([name, value]) => labels[name] === value);

/** Other values for some series. @param {string} metric @param {import("./ways.js").Values} values */
const set = (metric, values, wanted = {}) => (/** @type {Series} */ series) => {
  const changed = series.map((one) => (one.metric === metric && fits(one.labels, wanted) ? { ...one, values } : one));
  if (changed.every((one, n) => one === series[n])) throw new Error(`nothing has ${metric} ${JSON.stringify(wanted)}`);
  return changed;
};

/** A histogram of which a share takes long. @param {string} metric */
const slow = (metric, wanted = {}) => (/** @type {Series} */ series) =>
  quick(0.2).reduce((all, [le, rate]) => set(`${metric}_bucket`, grows(rate), { ...wanted, le })(all), series);

/** The targets of a role stop answering; `all`: or only one of them. */
const down = (role, all = true) => (/** @type {Series} */ series) => {
  const target = series.find((one) => one.role === role)?.labels.instance;
  return series.map((one) => {
    if (one.role !== role || (!all && one.labels.instance !== target)) return one;
    return { ...one, values: one.metric === "up" ? then(one.values, BREAKS, stays(0)) : ends(one.values, BREAKS) };
  });
};

/** Nobody knows of the targets of a role any more, as when the DNS has forgotten them. */
const gone = (role) => (/** @type {Series} */ series) =>
  series.map((one) => (one.role === role ? { ...one, values: ends(one.values, BREAKS) } : one));

const both = (...changes) => (/** @type {Series} */ series) => changes.reduce((all, change) => change(all), series);

const WITH_REPLICAS = ["by hand", "Compose", "Kubernetes"];
const WITH_FRONT = ["Compose", "Kubernetes"];
const GIB = 2 ** 30;

/** @type {Record<string, Condition | Condition[]>} */
export const CONDITIONS = {
  CollabryRequestsFail: { change: both(set("http_requests_total", grows(600), { service: "api" }), (series) => [...series, ...failing(series)]), minutes: 15, quiet: 3 },
  CollabryRequestsSlow: { change: slow("http_request_duration_seconds"), minutes: 20, quiet: 8 },
  CollabryEventsFail: { change: set("collabry_socket_event_duration_seconds_count", grows(6), { outcome: "failed" }), minutes: 15, quiet: 3 },
  CollabrySocketsLag: { change: set("collabry_socket_emits_incomplete_total", grows(6)), minutes: 20, quiet: 8 },
  CollabryRefusesMany: { change: set("collabry_limit_decisions_total", grows(600), { decision: "refused" }), minutes: 25, quiet: 8 },
  CollabryFrontFails: { change: set("collabry_front_requests_total", grows(12), { answered_by: "nobody" }), minutes: 15, quiet: 3, only: WITH_FRONT },
  CollabryNoReplica: {
    change: both(set("collabry_front_requests_total", grows(600), { answered_by: "nobody" }), set("collabry_front_requests_total", stays(0), { answered_by: "api" })),
    minutes: 5,
    only: WITH_FRONT,
  },
  CollabryCertificateExpires: { change: set("collabry_front_certificate_expiry_time_seconds", stays(13 * 86_400)), minutes: 70, quiet: 30, only: WITH_FRONT },

  CollabryAnswersFail: { change: set("collabry_engine_generations_total", grows(1), { state: "failed" }), minutes: 20, quiet: 4 },
  CollabryAnswersInterrupted: { change: set("collabry_engine_generations_total", grows(1), { state: "interrupted" }), minutes: 20 },
  CollabryAnswersSlow: { change: slow("collabry_engine_first_text_seconds"), minutes: 25, quiet: 8 },
  CollabryQuestionsWait: [
    { change: set("collabry_engine_generations_unclaimed", stays(3)), minutes: 5, only: WITH_REPLICAS },
    { change: set("collabry_worker_questions_unclaimed", stays(3)), minutes: 5 },
    // With no engine at all it is the worker who says so.
    { change: both(down("engine"), set("collabry_worker_questions_unclaimed", stays(3))), minutes: 20, with: ["CollabryProcessDown", "CollabryRoleGone"], only: WITH_REPLICAS },
  ],
  CollabryEngineLeftAlone: { change: set("collabry_breaker_open", stays(1)), minutes: 10, quiet: 3, only: WITH_REPLICAS },
  CollabryProviderDown: { change: set("collabry_engine_provider_up", stays(0)), minutes: 10, quiet: 3 },
  CollabrySearchSlow: { change: slow("collabry_engine_search_step_seconds"), minutes: 25, quiet: 8 },

  CollabrySourcesWait: { change: set("collabry_engine_ingest_queue_age_seconds", stays(700)), minutes: 10, quiet: 3 },
  CollabrySourcesBreakOff: { change: set("collabry_engine_ingestions_total", grows(1)), minutes: 20 },

  CollabryProcessDown: [
    { change: down("api", false), minutes: 10, only: WITH_REPLICAS },
    { change: down("engine", false), minutes: 10, only: WITH_REPLICAS },
    { change: down("worker"), minutes: 7, only: WITH_REPLICAS, with: ["CollabryRoleGone"] },
    // The one process is all that there is.
    { change: down("api"), minutes: 10, with: ["CollabryRoleGone"], only: ["one process"] },
    { change: down("front"), minutes: 10, only: WITH_FRONT },
  ],
  CollabryProcessRestarts: { change: set("process_start_time_seconds", grows(60)), minutes: 20 },
  CollabryRoleGone: [
    { change: gone("api"), minutes: 10, quiet: 6 },
    { change: gone("engine"), minutes: 10, quiet: 6, only: WITH_REPLICAS },
    { change: gone("worker"), minutes: 10, quiet: 6, only: WITH_REPLICAS },
    // Prometheus began when nothing ran.
    { change: () => [], minutes: 5 },
    // Longer away than Prometheus looks back.
    { change: both(gone("api"), gone("engine"), gone("worker"), gone("front")), minutes: 420 },
  ],
  CollabryNotReady: { change: set("collabry_ready", stays(0)), minutes: 5 },
  CollabryMemoryHigh: { change: set("process_resident_memory_bytes", stays(0.45 * GIB)), minutes: 10, quiet: 3 },
  CollabryFilesRunOut: { change: set("process_open_fds", stays(900)), minutes: 10, quiet: 3 },
  CollabryRuntimeBusy: { change: set("collabry_runtime_queue", stays(100)), minutes: 10, quiet: 3 },
  CollabryClockWrong: [
    { change: set("collabry_clock_offset_seconds", stays(12)), minutes: 5, only: WITH_REPLICAS },
    { change: set("collabry_clock_offset_seconds", stays(-12)), minutes: 5, only: WITH_REPLICAS },
  ],

  CollabryRedisDown: { change: set("collabry_redis_up", stays(0)), minutes: 3, only: WITH_REPLICAS },
  CollabryRedisFull: { change: set("collabry_redis_used_memory_bytes", stays(500e6)), minutes: 3, only: WITH_REPLICAS },
  CollabryRedisFills: [
    { change: set("collabry_redis_used_memory_bytes", stays(400e6)), minutes: 15, quiet: 8, only: WITH_REPLICAS },
    { change: set("collabry_redis_used_memory_bytes", stays(500e6)), minutes: 15, with: ["CollabryRedisFull"], only: WITH_REPLICAS },
  ],
  CollabryRedisFails: [
    { change: set("collabry_redis_command_failures_total", grows(60)), minutes: 6, only: WITH_REPLICAS },
    { change: both(set("collabry_redis_refuses_writes", stays(1)), set("collabry_redis_up", stays(0))), minutes: 6, only: WITH_REPLICAS },
  ],
  CollabryRedisSlow: { change: slow("collabry_redis_command_duration_seconds"), minutes: 15, quiet: 3, only: WITH_REPLICAS },
  CollabryDatabaseFails: [
    { change: set("collabry_mongodb_operation_failures_total", grows(60)), minutes: 10, only: WITH_REPLICAS },
    { change: set("collabry_sqlite_operation_failures_total", grows(60)), minutes: 10, only: ["one process"] },
  ],
  CollabryDatabaseSlow: [
    // Quick inserts of the same collection do not hide it.
    { change: slow("collabry_mongodb_operation_duration_seconds", { command: "find" }), minutes: 20, quiet: 8, only: WITH_REPLICAS },
    { change: slow("collabry_sqlite_operation_duration_seconds", { pool: "write" }), minutes: 20, quiet: 8, only: ["one process"] },
  ],
  CollabryDatabasePoolFull: { change: set("collabry_mongodb_connections", stays(2)), minutes: 10, quiet: 3, only: WITH_REPLICAS },
  CollabryDiskFull: { change: set("collabry_data_free_bytes", stays(100e6)), minutes: 10, quiet: 3 },
  CollabryDiskFills: { change: set("collabry_data_free_bytes", falls(15e9, 50e6)), minutes: 100, quiet: 50 },
  CollabryVolumeFull: { change: set("node_filesystem_avail_bytes", stays(9e9), { fstype: "ext4" }), minutes: 10, quiet: 3, only: ["Compose"] },

  CollabryJobsFail: { change: set("collabry_worker_runs_total", grows(0.2), { name: "roll-up-usage" }), minutes: 60 },
  CollabryJobsLate: { change: slow("collabry_worker_run_lateness_seconds"), minutes: 45, quiet: 8 },
  CollabryJobsStop: [
    { change: set("collabry_worker_run_done_time_seconds", stays(0)), minutes: 30, quiet: 15 },
    { change: (series) => series.filter(({ metric }) => metric !== "collabry_worker_run_done_time_seconds"), minutes: 20, quiet: 5 },
  ],
  CollabryBackupFails: [
    { change: set("collabry_worker_backup_failed", stays(1)), minutes: 10, quiet: 3 },
    { change: set("collabry_worker_backup_place_up", stays(0)), minutes: 10, quiet: 3 },
  ],
  CollabryBackupMissing: [
    { change: set("collabry_worker_backup_made_time_seconds", stays(3600)), minutes: 28 * 60, quiet: 26 * 60 },
    // None was ever made.
    { change: set("collabry_worker_backup_made_time_seconds", stays(0)), minutes: 27 * 60, quiet: 25 * 60 },
    // Ten nights failed.
    {
      change: both(set("collabry_worker_backup_made_time_seconds", stays(0)), set("collabry_worker_backup_failed", stays(1))),
      minutes: 27 * 60,
      with: ["CollabryBackupFails"],
    },
  ],
  CollabryBackupsOff: {
    change: both(set("collabry_worker_backup_configured", stays(0)), set("collabry_worker_backup_place_up", stays(0)), set("collabry_worker_backup_made_time_seconds", stays(0))),
    minutes: 28 * 60,
    quiet: 30,
  },
};

/** @param {Series} series */
function failing(series) {
  const ok = series.filter(({ metric, labels }) => metric === "http_requests_total" && labels.service === "api");
  return ok.map((one) => ({ ...one, labels: { ...one.labels, status_code: "500" }, values: grows(60) }));
}
