//! Which engines are left alone, for whoever watches.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::EngineClient;
use crate::health::metrics::ours;

/// Computed on scrape.
#[derive(Debug)]
struct Breakers(Arc<EngineClient>);

impl EngineClient {
    /// Adds which engines are left alone because they kept failing.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        ours(registry).register_collector(Box::new(Breakers(Arc::clone(self))));
    }
}

impl Collector for Breakers {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Whether an ai-engine is left alone because it kept failing";
        let mut breakers = encoder.encode_descriptor("breaker_open", help, None, MetricType::Gauge)?;
        for (engine, open) in self.0.breakers() {
            ConstGauge::new(i64::from(open)).encode(breakers.encode_family(&[("engine", engine)])?)?;
        }
        Ok(())
    }
}
