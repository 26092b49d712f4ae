//! Metrics of Redis: latency, failures, availability and memory.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;
use redis::{Arg, Cmd, RedisError, RedisResult};
use tokio::time::Instant;

use super::monitor::Health;
use crate::health::metrics::{Counts, Times, quick};

/// The commands that we send; any other counts as `other`.
const COMMANDS: [&str; 11] =
    ["DEL", "EVALSHA", "GET", "INFO", "PING", "PUBLISH", "SCRIPT", "SET", "XADD", "XRANGE", "XREVRANGE"];
const OTHER: &str = "other";
pub(super) const PIPELINE: &str = "pipeline";

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Metrics {
    duration: Times<1>,
    failed: Counts<1>,
    running: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let duration = Family::new_with_constructor(quick as fn() -> _);
        Self { duration, failed: Family::default(), running: Gauge::default() }
    }
}

impl Metrics {
    pub fn register(&self, health: &Arc<Health>, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("redis");
        registry.register("command_duration_seconds", "Time until Redis answered", self.duration.clone());
        registry.register("command_failures", "Commands that failed or had no answer in time", self.failed.clone());
        registry.register("commands_running", "Commands that wait for an answer", self.running.clone());
        registry.register_collector(Box::new(HealthCollector(Arc::clone(health))));
    }

    /// Runs a command and measures its duration.
    pub async fn measure<T>(&self, command: &'static str, run: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
        let (_running, started) = (Running::new(&self.running), Instant::now());
        let answer = run.await;
        self.duration.get_or_create(&[("command", command)]).observe(started.elapsed().as_secs_f64());
        // Created before the first failure, which would otherwise not count as an increase.
        let failed = u64::from(answer.as_ref().is_err_and(is_failure));
        self.failed.get_or_create(&[("command", command)]).inc_by(failed);
        answer
    }
}

/// A missing script is no failure: it is loaded and called again.
fn is_failure(error: &RedisError) -> bool {
    error.kind() != redis::ErrorKind::Server(redis::ServerErrorKind::NoScript)
}

/// The name of a command, from a bounded set.
pub(super) fn name(command: &Cmd) -> &'static str {
    let Some(Arg::Simple(name)) = command.args_iter().next() else { return OTHER };
    COMMANDS.into_iter().find(|known| known.as_bytes().eq_ignore_ascii_case(name)).unwrap_or(OTHER)
}

/// Counts a running command until it is dropped, because the caller may go away before the answer arrives.
struct Running<'a>(&'a Gauge);

impl<'a> Running<'a> {
    fn new(running: &'a Gauge) -> Self {
        running.inc();
        Self(running)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The state of Redis, computed on scrape.
#[derive(Debug)]
struct HealthCollector(Arc<Health>);

impl Collector for HealthCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Self(health) = self;
        let mut gauge = |name: &str, help: &str, value: i64| {
            let encoder = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(encoder)
        };
        let refuses = health.is_up() && health.refuses_writes();
        gauge("up", "Whether Redis answers and takes writes", i64::from(health.is_up() && !refuses))?;
        gauge("refuses_writes", "Whether Redis answers and takes no writes", i64::from(refuses))?;
        gauge("used_memory_bytes", "Memory that Redis uses", bytes(&health.used_memory))?;
        gauge("max_memory_bytes", "Memory that Redis may use; 0: no limit", bytes(&health.max_memory))?;
        let lost = encoder.encode_descriptor("connections_lost", "Connections lost", None, MetricType::Counter)?;
        ConstCounter::new(health.losses.load(Ordering::Acquire)).encode(lost)
    }
}

fn bytes(of: &AtomicU64) -> i64 {
    i64::try_from(of.load(Ordering::Acquire)).unwrap_or(i64::MAX)
}
