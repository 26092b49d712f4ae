//! Answers that are being streamed.

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Event streams that are open.
#[derive(Debug, Default)]
pub struct Streams(Gauge);

impl Streams {
    pub fn register(&self, registry: &mut Registry) {
        registry.register("streams", "Streams of server-sent events that are open", self.0.clone());
    }

    /// Counts one more until the guard is dropped.
    pub(super) fn open(&self) -> Open {
        self.0.inc();
        Open(self.0.clone())
    }
}

#[derive(Debug)]
pub(super) struct Open(Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}
