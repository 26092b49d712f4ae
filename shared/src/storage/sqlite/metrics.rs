//! What the pools of the embedded database do.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use sqlx::SqlitePool;

/// Looked at when somebody asks.
#[derive(Debug)]
pub(super) struct Pools {
    pub read: SqlitePool,
    pub write: SqlitePool,
}

impl Collector for Pools {
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
