//! The engine's gauges.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::generations::Generations;
use crate::models::{Models, ProviderSnapshot};
use crate::retrieval::Retrieval;

/// Computed on scrape.
#[derive(Debug)]
pub struct Gauges {
    pub generations: Generations,
    pub retrieval: Arc<Retrieval>,
    pub models: Arc<Models>,
}

impl Collector for Gauges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let load = self.generations.load();
        let gauges = [
            ("generations_writing", "Answers being written", load.writing),
            ("generations_waiting", "Answers that wait for a permit to write", load.waiting),
            ("segments_bytes", "Memory of loaded segments", self.retrieval.memory_used()),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        let help = "Whether a model provider listed its models when it was last asked";
        let mut providers = encoder.encode_descriptor("provider_up", help, None, MetricType::Gauge)?;
        for ProviderSnapshot { status, .. } in self.models.snapshots() {
            let labels = [("provider", status.provider)];
            ConstGauge::new(i64::from(status.healthy)).encode(providers.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
