//! Metrics of the queue and of ingestions.

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
    duration: Times<1>,
    waiting: Gauge,
    oldest_age: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            running: Gauge::default(),
            ended: Outcomes::default(),
            duration: Family::new_with_constructor(long as fn() -> _),
            waiting: Gauge::default(),
            oldest_age: Gauge::default(),
        }
    }
}

impl Metrics {
    /// `registry` is the engine's.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("ingestions_running", "Ingestions in progress", self.running.clone());
        registry.register("ingestions", "Ingestions, by outcome", self.ended.clone());
        registry.register("ingestion_duration_seconds", "Duration of an ingestion", self.duration.clone());
        registry.register("ingest_queue", "Sources in the queue", self.waiting.clone());
        let help = "How long the oldest source has been in the queue";
        registry.register("ingest_queue_age_seconds", help, self.oldest_age.clone());
    }

    pub fn running(&self, count: usize) {
        self.running.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub fn ended(&self, outcome: &'static str, elapsed: Duration) {
        count(&self.ended, outcome);
        self.duration.get_or_create(&[("outcome", outcome)]).observe(elapsed.as_secs_f64());
    }

    pub fn waiting(&self, QueueDepth { count, since }: QueueDepth, now: Timestamp) {
        self.waiting.set(i64::try_from(count).unwrap_or(i64::MAX));
        self.oldest_age.set(since.map_or(0, |since| now.duration_since(since).as_secs().max(0)));
    }
}
