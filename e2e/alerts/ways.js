// Series of an installation in which all is well, in each way of running, and with changes: what promtool reads.

/**
 * Where each role is scraped, with the labels that the way of running gives its target.
 * @typedef {{ api: Target[], engine: Target[], worker: Target[], front: Target[], machine: Target[], together: boolean, installation: string }} Way
 * @typedef {Record<string, string>} Target
 */

const targets = (installation, job, ...instances) => instances.map((instance) => ({ installation, job, instance }));

/** @returns {Way} */
const apart = (installation) => {
  const of = (job, ...instances) => targets(installation, job, ...instances);
  return {
    installation,
    together: false,
    api: of("collabry-api", "10.0.0.1:5001", "10.0.0.2:5001"),
    engine: of("collabry-ai-engine", "10.0.0.3:5101", "10.0.0.4:5101"),
    worker: of("collabry-worker", "10.0.0.5:5201"),
    front: of("collabry-front", "10.0.0.6:8090"),
    machine: of("collabry-machine", "10.0.0.7:9100"),
  };
};

/** As the operator of Prometheus labels what a ServiceMonitor finds, with honorLabels. @returns {Way} */
const kubernetes = (release) => {
  const of = (role, ...ports) => ports.map((port, n) => ({
    installation: `people/${release}`,
    job: `${release}-${role}`,
    instance: `10.42.0.${n + 7}:${port}`,
    namespace: "people",
    pod: `${release}-${role}-${n}`,
    container: role,
    endpoint: "internal",
    service: `${release}-${role}`,
  }));
  return {
    installation: `people/${release}`,
    together: false,
    api: of("api", 5001, 5001),
    engine: of("ai-engine", 5101, 5101),
    worker: of("worker", 5201),
    front: of("nginx", 8090, 8090),
    machine: [],
  };
};

const one = targets("collabry", "collabry", "127.0.0.1:5001");

/** @type {Record<string, Way>} */
export const WAYS = {
  "one process": { installation: "collabry", together: true, api: one, engine: one, worker: one, front: [], machine: [] },
  // With names and labels of its own: somebody wrote the configuration of Prometheus from nothing.
  "by hand": unlabelled(apart("")),
  Compose: apart("collabry"),
  Kubernetes: kubernetes("prod"),
};

/** @param {Way} way @returns {Way} */
function unlabelled(way) {
  const without = (list) => list.map(({ job, instance }) => ({ job: `my-${job}`, instance }));
  return { ...way, api: without(way.api), engine: without(way.engine), worker: without(way.worker), front: [], machine: [] };
}

export const KUBERNETES = kubernetes;

const ROLES = { api: "api", engine: "ai-engine", worker: "worker" };

/** @param {string} metric @param {Record<string, string>} labels */
const named = (metric, labels) => `${metric}{${Object.entries(labels).map(([name, value]) => `${name}="${value}"`).join(",")}}`;

/**
 * Every series that a rule looks at, while all is well.
 * @param {Way} way
 * @returns {{ role: string, metric: string, labels: Record<string, string>, values: Values }[]}
 */
export function healthy(way) {
  const series = [];
  const add = (role, metric, labels, values, target) => series.push({ role, metric, labels: { ...target, ...labels }, values });
  const each = (role, metric, labels, values) => way[role].forEach((target) => add(role, metric, labels, values, target));
  const histogram = (role, metric, labels, buckets) => buckets.forEach(([le, rate]) => each(role, `${metric}_bucket`, { ...labels, le }, grows(rate)));
  const processes = way.together ? ["api"] : ["api", "engine", "worker"];
  for (const role of processes) {
    each(role, "up", {}, stays(1));
    each(role, "collabry_build_info", { role: way.together ? "standalone" : ROLES[role], version: "0.1.0" }, stays(1));
    each(role, "collabry_ready", {}, stays(1));
    each(role, "collabry_draining", {}, stays(0));
    each(role, "process_start_time_seconds", {}, stays(1000));
    each(role, "process_resident_memory_bytes", {}, stays(100e6));
    each(role, "collabry_memory_limit_bytes", {}, stays(512 * 2 ** 20));
    each(role, "process_open_fds", {}, stays(50));
    each(role, "process_max_fds", {}, stays(1024));
    each(role, "collabry_runtime_queue", {}, stays(0));
    each(role, "collabry_data_free_bytes", { where: "files" }, stays(50e9));
    if (way.together) {
      for (const pool of ["read", "write"]) {
        histogram(role, "collabry_sqlite_operation_duration_seconds", { pool }, quick(0));
        each(role, "collabry_sqlite_operation_failures_total", { pool }, stays(0));
      }
      continue;
    }
    each(role, "collabry_clock_offset_seconds", {}, stays(0));
    each(role, "collabry_redis_up", {}, stays(1));
    each(role, "collabry_redis_refuses_writes", {}, stays(0));
    each(role, "collabry_redis_used_memory_bytes", {}, stays(100e6));
    each(role, "collabry_redis_max_memory_bytes", {}, stays(512e6));
    each(role, "collabry_redis_command_failures_total", { command: "xadd" }, stays(0));
    histogram(role, "collabry_redis_command_duration_seconds", { command: "xadd" }, quick(0));
    histogram(role, "collabry_mongodb_operation_duration_seconds", { command: "find", collection: "messages" }, quick(0));
    histogram(role, "collabry_mongodb_operation_duration_seconds", { command: "insert", collection: "messages" }, quick(0));
    each(role, "collabry_mongodb_operation_failures_total", { command: "find", collection: "messages" }, stays(0));
    each(role, "collabry_mongodb_connections", { state: "waiting" }, stays(0));
  }
  const notebooks = { service: "api", endpoint: "/api/notebooks", method: "GET", status_code: "200" };
  const searches = { service: "ai-engine", endpoint: "/v1/search", method: "POST", status_code: "200" };
  each("api", "http_requests_total", notebooks, grows(600));
  histogram("api", "http_request_duration_seconds", notebooks, quick(0));
  if (!way.together) each("engine", "http_requests_total", searches, grows(60));
  each("api", "collabry_socket_event_duration_seconds_count", { event: "message:send", outcome: "ok" }, grows(60));
  each("api", "collabry_socket_event_duration_seconds_count", { event: "message:send", outcome: "failed" }, stays(0));
  each("api", "collabry_socket_emits_total", { event: "message:new" }, grows(60));
  each("api", "collabry_socket_emits_incomplete_total", { event: "message:new" }, stays(0));
  each("api", "collabry_limit_decisions_total", { rule: "api", decision: "allowed" }, grows(600));
  each("api", "collabry_limit_decisions_total", { rule: "api", decision: "refused" }, stays(0));
  if (!way.together) each("api", "collabry_breaker_open", { engine: "ai-engine-1:5100" }, stays(0));
  for (const state of ["done", "failed", "interrupted"]) {
    each("engine", "collabry_engine_generations_total", { model: "ollama/a", state }, state === "done" ? grows(6) : stays(0));
  }
  histogram("engine", "collabry_engine_first_text_seconds", { model: "ollama/a" }, quick(0));
  each("engine", "collabry_engine_generations_unclaimed", {}, stays(0));
  each("engine", "collabry_engine_provider_up", { provider: "ollama" }, stays(1));
  histogram("engine", "collabry_engine_search_step_seconds", { step: "all" }, quick(0));
  each("engine", "collabry_engine_ingest_queue_age_seconds", {}, stays(0));
  each("engine", "collabry_engine_ingestions_total", { outcome: "broken_off" }, stays(0));
  each("worker", "collabry_worker_questions_unclaimed", {}, stays(0));
  each("worker", "collabry_worker_runs_total", { name: "roll-up-usage", outcome: "failed" }, stays(0));
  each("worker", "collabry_worker_runs_total", { name: "backup", outcome: "failed" }, stays(0));
  histogram("worker", "collabry_worker_run_lateness_seconds", { name: "purge-deleted" }, quick(0));
  each("worker", "collabry_worker_run_done_time_seconds", { name: "purge-deleted" }, grows(60));
  each("worker", "collabry_worker_backup_configured", {}, stays(1));
  each("worker", "collabry_worker_backup_place_up", {}, stays(1));
  each("worker", "collabry_worker_backup_since_time_seconds", {}, stays(0));
  each("worker", "collabry_worker_backup_made_time_seconds", {}, grows(60));
  each("worker", "collabry_worker_backup_failed", {}, stays(0));
  each("machine", "up", {}, stays(1));
  for (const [device, fstype, size] of [["/dev/sda1", "ext4", 100e9], ["tmpfs", "tmpfs", 1e6]]) {
    each("machine", "node_filesystem_size_bytes", { device, fstype, mountpoint: `/${fstype}` }, stays(size));
    // A temporary file system that is full is nobody's concern.
    each("machine", "node_filesystem_avail_bytes", { device, fstype, mountpoint: `/${fstype}` }, stays(fstype === "tmpfs" ? 0 : 50e9));
  }
  each("front", "up", {}, stays(1));
  each("front", "collabry_front_requests_total", { status_code: "200", answered_by: "api" }, grows(600));
  each("front", "collabry_front_requests_total", { status_code: "200", answered_by: "nginx" }, grows(600));
  each("front", "collabry_front_requests_total", { status_code: "503", answered_by: "nobody" }, stays(0));
  each("front", "collabry_front_certificate_expiry_time_seconds", {}, stays(90 * 86_400));
  return series;
}

/** Values for so many minutes, one a minute, as promtool reads them. @typedef {(minutes: number) => string} Values */

/** @returns {Values} */
export const stays = (value) => (minutes) => `${value}+0x${minutes}`;
/** By so much a minute. @returns {Values} */
export const grows = (rate) => (minutes) => `0+${rate}x${minutes}`;
/** From a value down, by so much a minute. @returns {Values} */
export const falls = (from, rate) => (minutes) => `${from}-${rate}x${minutes}`;
/** @param {Values} before @param {number} minute @param {Values} after @returns {Values} */
export const then = (before, minute, after) => (minutes) => `${before(minute - 1)} ${after(minutes - minute)}`;
/** As when a target no longer answers. @param {Values} before @param {number} minute @returns {Values} */
export const ends = (before, minute) => () => `${before(minute - 1)} stale`;

/** Buckets of things that take 50 ms, of which a share takes 60 s. @returns {[string, number][]} */
export function quick(slow) {
  const all = 600;
  return [["0.1", all * (1 - slow)], ["20", all * (1 - slow)], ["100", all], ["+Inf", all]];
}

/** For promtool. @param {ReturnType<typeof healthy>} series @param {number} minutes */
export const input = (series, minutes) => series.map(({ metric, labels, values }) => ({ series: named(metric, labels), values: values(minutes) }));
