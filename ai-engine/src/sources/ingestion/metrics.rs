//! Sources that wait, that are taken in, and how it ended.

use std::time::Duration;

use collabry_shared::health::metrics::{Times, long};
use collabry_shared::sources::QueueDepth;
use jiff::Timestamp;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::outcomes::{Outcomes, count};

#[derive(Debug)]
pub(super) struct Metrics {
    running: Gauge,
    ended: Outcomes,
    took: Times<1>,
    waiting: Gauge,
    oldest: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            running: Gauge::default(),
            ended: Outcomes::default(),
            took: Family::new_with_constructor(long as fn() -> _),
            waiting: Gauge::default(),
            oldest: Gauge::default(),
        }
    }
}

impl Metrics {
    /// `registry` is the engine's.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("ingestions_running", "Sources being taken in", self.running.clone());
        registry.register("ingestions", "Sources taken in, by how it ended", self.ended.clone());
        registry.register("ingestion_duration_seconds", "Time that taking in a source took", self.took.clone());
        registry.register("ingest_queue", "Sources that wait for any engine", self.waiting.clone());
        let help = "How long the oldest source has been waiting for any engine";
        registry.register("ingest_queue_age_seconds", help, self.oldest.clone());
    }

    pub fn running(&self, count: usize) {
        self.running.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub fn ended(&self, outcome: &'static str, took: Duration) {
        count(&self.ended, outcome);
        self.took.get_or_create(&[("outcome", outcome)]).observe(took.as_secs_f64());
    }

    pub fn waiting(&self, QueueDepth { count, since }: QueueDepth, now: Timestamp) {
        self.waiting.set(i64::try_from(count).unwrap_or(i64::MAX));
        self.oldest.set(since.map_or(0, |since| now.duration_since(since).as_secs().max(0)));
    }
}
