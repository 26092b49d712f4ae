//! The last known readiness of a process, as metrics.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::Readiness;

/// `None` before the first check. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct State(Arc<Mutex<Option<Readiness>>>);

impl State {
    pub fn set(&self, readiness: Readiness) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(readiness);
    }

    pub fn registry(&self) -> Registry {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self.clone()));
        registry
    }
}

impl Collector for State {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(Readiness { ready, draining, dependencies, notes: _ }) =
            self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
        else {
            return Ok(());
        };
        let gauges = [
            ("collabry_ready", "Whether the process can serve", ready),
            ("collabry_draining", "Whether the process is about to end", draining),
        ];
        for (name, help, value) in gauges {
            let descriptor = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(i64::from(value)).encode(descriptor)?;
        }
        let help = "Whether a dependency gave a sign of life";
        let mut each = encoder.encode_descriptor("collabry_dependency_up", help, None, MetricType::Gauge)?;
        for dependency in dependencies {
            let labels = [("dependency", dependency.name)];
            ConstGauge::new(i64::from(dependency.ready)).encode(each.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
