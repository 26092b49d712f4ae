//! Metrics of job runs: when they ran, for how long, and how they ended.

use std::time::Duration;

use collabry_shared::health::metrics::{long, ours};
use collabry_shared::jobs::{JobName, Run, RunState};
use jiff::Timestamp;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The label of a job. Job names are the program's own, so that they are few. The label is not called `job`, which
/// Prometheus uses for the scraped target.
type JobLabels = [(&'static str, String); 1];

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    runs: Family<[(&'static str, String); 2], Counter>,
    duration: Family<JobLabels, Histogram>,
    lateness: Family<JobLabels, Histogram>,
    last_done: Family<JobLabels, Gauge>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            runs: Family::default(),
            duration: Family::new_with_constructor(long),
            lateness: Family::new_with_constructor(long),
            last_done: Family::default(),
        }
    }
}

impl Metrics {
    pub fn register(&self, registry: &mut Registry) {
        let registry = ours(registry).sub_registry_with_prefix("worker");
        registry.register("runs", "Job runs by outcome", self.runs.clone());
        registry.register("run_duration_seconds", "Duration of job runs", self.duration.clone());
        registry.register("run_lateness_seconds", "Time from when a run was due to its start", self.lateness.clone());
        let help = "When a job last succeeded, as far as this worker knows, in seconds since 1970";
        registry.register("run_done_time_seconds", help, self.last_done.clone());
    }

    /// Takes over when the job last succeeded, from the ledger's runs before this worker started.
    pub fn load_earlier(&self, runs: &[Run]) {
        let done = runs.iter().filter(|run| run.state == RunState::Done);
        if let Some((job, at)) = done.filter_map(|run| Some((&run.job, run.finished_at?))).max_by_key(|(_, at)| *at) {
            self.last_done.get_or_create(&labels(job)).set(at.as_second());
        }
    }

    pub(super) fn run_started(&self, job: &JobName, slot: Timestamp, now: Timestamp) {
        let lateness = now.duration_since(slot).as_secs_f64().max(0.0);
        self.lateness.get_or_create(&labels(job)).observe(lateness);
    }

    pub(super) fn run_ended(&self, job: &JobName, outcome: &'static str, elapsed: Duration, now: Timestamp) {
        self.runs.get_or_create(&[("name", job.to_string()), ("outcome", outcome.to_owned())]).inc();
        self.duration.get_or_create(&labels(job)).observe(elapsed.as_secs_f64());
        if outcome == "done" {
            self.last_done.get_or_create(&labels(job)).set(now.as_second());
        }
    }
}

fn labels(job: &JobName) -> JobLabels {
    [("name", job.to_string())]
}
