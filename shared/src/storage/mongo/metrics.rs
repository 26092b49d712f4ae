//! Metrics of MongoDB: durations, failures and connections.

use std::time::Duration;

use mongodb::event::EventHandler;
use mongodb::event::cmap::CmapEvent;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::health::metrics::{Counts, Times, quick};

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Metrics {
    duration: Times<2>,
    failed: Counts<2>,
    /// The driver's connections: in use, idle, and callers that wait for one.
    connections: Family<[(&'static str, &'static str); 1], Gauge>,
}

impl Default for Metrics {
    fn default() -> Self {
        let duration = Family::new_with_constructor(quick as fn() -> _);
        Self { duration, failed: Family::default(), connections: Family::default() }
    }
}

impl Metrics {
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("mongodb");
        let help = "Time of one operation, or of a further batch of a long read";
        registry.register("operation_duration_seconds", help, self.duration.clone());
        registry.register("operation_failures", "Operations that failed or had no answer in time", self.failed.clone());
        let help = "Connections that are in use or idle, and callers that wait for one";
        registry.register("connections", help, self.connections.clone());
    }

    pub fn observe(&self, command: &'static str, collection: &'static str, elapsed: Duration, failed: bool) {
        let labels = [("command", command), ("collection", collection)];
        self.duration.get_or_create(&labels).observe(elapsed.as_secs_f64());
        // Created before the first failure, which would otherwise not count as an increase.
        self.failed.get_or_create(&labels).inc_by(u64::from(failed));
    }

    /// Counts the driver's connection events.
    pub fn follow_connections(&self) -> EventHandler<CmapEvent> {
        let state = |state| self.connections.get_or_create_owned(&[("state", state)]);
        let [idle, in_use, waiting] = ["idle", "in_use", "waiting"].map(state);
        EventHandler::callback(move |event| match event {
            CmapEvent::ConnectionReady(_) => {
                idle.inc();
            }
            CmapEvent::ConnectionClosed(_) => {
                idle.dec();
            }
            CmapEvent::ConnectionCheckoutStarted(_) => {
                waiting.inc();
            }
            CmapEvent::ConnectionCheckoutFailed(_) => {
                waiting.dec();
            }
            CmapEvent::ConnectionCheckedOut(_) => {
                waiting.dec();
                idle.dec();
                in_use.inc();
            }
            CmapEvent::ConnectionCheckedIn(_) => {
                in_use.dec();
                idle.inc();
            }
            _ => {}
        })
    }
}
