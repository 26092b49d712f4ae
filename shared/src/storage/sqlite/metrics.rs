//! Metrics of the embedded database: durations, failures and connections.

use std::fmt;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use sqlx::SqlitePool;

use crate::health::metrics::{Counts, Times, quick};

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Metrics {
    duration: Times<1>,
    failed: Counts<1>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { duration: Family::new_with_constructor(quick as fn() -> _), failed: Family::default() }
    }
}

impl Metrics {
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("sqlite");
        let help = "Time of one statement, or until a transaction may begin";
        registry.register("operation_duration_seconds", help, self.duration.clone());
        registry.register("operation_failures", "Statements that failed", self.failed.clone());
    }

    pub fn observe(&self, pool: &'static str, elapsed: Duration, failed: bool) {
        let labels = [("pool", pool)];
        self.duration.get_or_create(&labels).observe(elapsed.as_secs_f64());
        // Created before the first failure, which would otherwise not count as an increase.
        self.failed.get_or_create(&labels).inc_by(u64::from(failed));
    }
}

/// The connections of the pools, computed on scrape.
#[derive(Debug)]
pub(super) struct PoolCollector {
    pub read: SqlitePool,
    pub write: SqlitePool,
}

impl Collector for PoolCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Connections of the embedded database, by pool";
        let mut gauges = encoder.encode_descriptor("sqlite_connections", help, None, MetricType::Gauge)?;
        for (name, pool) in [("read", &self.read), ("write", &self.write)] {
            let idle = pool.num_idle();
            let in_use = usize::try_from(pool.size()).unwrap_or(usize::MAX).saturating_sub(idle);
            for (state, count) in [("idle", idle), ("in_use", in_use)] {
                let labels = [("pool", name), ("state", state)];
                let gauge = ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX));
                gauge.encode(gauges.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}
