//! What this replica counts, each feature for itself.

use collabry_shared::health::metrics::ours;
use collabry_shared::health::requests::Requests;
use collabry_shared::service::Service;
use prometheus_client::registry::Registry;

use crate::generations::metrics::Streams;
use crate::limits::metrics as limits;
use crate::realtime::metrics as realtime;

#[derive(Debug)]
pub struct Metrics {
    pub requests: Requests,
    pub limits: limits::Metrics,
    pub realtime: realtime::Metrics,
    pub streams: Streams,
}

impl Metrics {
    pub fn new() -> Self {
        Self {
            requests: Requests::new(Service::Api),
            limits: limits::Metrics::default(),
            realtime: realtime::Metrics::default(),
            streams: Streams::default(),
        }
    }

    pub fn register(&self, registry: &mut Registry) {
        self.requests.register(registry);
        let registry = ours(registry);
        self.limits.register(registry);
        self.realtime.register(registry);
        self.streams.register(registry);
    }
}
