//! When jobs ran, for how long, and how it ended.

use std::time::Duration;

use collabry_shared::health::metrics::{long, ours};
use collabry_shared::jobs::{JobName, Run, RunState};
use jiff::Timestamp;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The names of jobs are the program's own. The label is not `job`, which is Prometheus' word for what it scrapes.
type ByJob = [(&'static str, String); 1];

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    runs: Family<[(&'static str, String); 2], Counter>,
    took: Family<ByJob, Histogram>,
    late: Family<ByJob, Histogram>,
    last_done: Family<ByJob, Gauge>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            runs: Family::default(),
            took: Family::new_with_constructor(long),
            late: Family::new_with_constructor(long),
            last_done: Family::default(),
        }
    }
}

impl Metrics {
    pub fn register(&self, registry: &mut Registry) {
        let registry = ours(registry).sub_registry_with_prefix("worker");
        registry.register("runs", "Runs of jobs by how they ended", self.runs.clone());
        registry.register("run_duration_seconds", "Time that a run took", self.took.clone());
        registry.register("run_lateness_seconds", "Time from when a run was due to its beginning", self.late.clone());
        let help = "When a job was last done, as far as this worker knows, in seconds since 1970";
        registry.register("run_done_time_seconds", help, self.last_done.clone());
    }

    /// What the ledger says of runs before this worker began.
    pub fn earlier(&self, runs: &[Run]) {
        let done = runs.iter().filter(|run| run.state == RunState::Done);
        if let Some((job, at)) = done.filter_map(|run| Some((&run.job, run.finished_at?))).max_by_key(|(_, at)| *at) {
            self.last_done.get_or_create(&of(job)).set(at.as_second());
        }
    }

    pub(super) fn begun(&self, job: &JobName, slot: Timestamp, now: Timestamp) {
        let late = now.duration_since(slot).as_secs_f64().max(0.0);
        self.late.get_or_create(&of(job)).observe(late);
    }

    pub(super) fn ended(&self, job: &JobName, outcome: &'static str, took: Duration, now: Timestamp) {
        self.runs.get_or_create(&[("name", job.to_string()), ("outcome", outcome.to_owned())]).inc();
        self.took.get_or_create(&of(job)).observe(took.as_secs_f64());
        if outcome == "done" {
            self.last_done.get_or_create(&of(job)).set(now.as_second());
        }
    }
}

fn of(job: &JobName) -> ByJob {
    [("name", job.to_string())]
}
