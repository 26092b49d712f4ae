//! Metrics of this process from the system (memory, CPU time, open files) and from its async runtime.

use std::fmt;

use procfs::ProcResult;
use procfs::process::{LimitValue, Process};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use tokio::runtime::{Handle, RuntimeMetrics};

use super::memory;

/// The metrics of the process, computed on scrape.
#[derive(Debug)]
struct ProcessCollector {
    /// `None` when registered outside a runtime.
    runtime: Option<RuntimeMetrics>,
}

pub(super) fn register(registry: &mut Registry) {
    let runtime = Handle::try_current().ok().map(|handle| handle.metrics());
    registry.register_collector(Box::new(ProcessCollector { runtime }));
}

struct Usage {
    cpu_seconds: f64,
    /// Seconds since 1970.
    started: f64,
    gauges: [(&'static str, &'static str, u64); 4],
}

#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
fn usage() -> ProcResult<Usage> {
    let process = Process::myself()?;
    let stat = process.stat()?;
    let seconds = |ticks: u64| ticks as f64 / procfs::ticks_per_second() as f64;
    let max_fds = match process.limits()?.max_open_files.soft_limit {
        LimitValue::Value(most) => most,
        LimitValue::Unlimited => u64::MAX,
    };
    Ok(Usage {
        cpu_seconds: seconds(stat.utime + stat.stime),
        started: procfs::boot_time_secs()? as f64 + seconds(stat.starttime),
        gauges: [
            ("process_resident_memory_bytes", "Memory that the process holds", stat.rss * procfs::page_size()),
            ("process_threads", "Threads", stat.num_threads.unsigned_abs()),
            ("process_open_fds", "Open files and connections", process.fd_count()? as u64),
            ("process_max_fds", "Open files and connections that it may have", max_fds),
        ],
    })
}

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut gauge = |name: &str, help: &str, value: u64| {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
        };
        if let Some(runtime) = &self.runtime {
            gauge("collabry_runtime_tasks", "Tasks that live in the async runtime", runtime.num_alive_tasks() as u64)?;
            let help = "Tasks that wait for a thread of the async runtime";
            gauge("collabry_runtime_queue", help, runtime.global_queue_depth() as u64)?;
        }
        if let Some(limit) = memory::limit() {
            gauge("collabry_memory_limit_bytes", "Memory that the process may hold", limit)?;
        }
        // Without /proc there are no such metrics.
        let Ok(usage) = usage() else { return Ok(()) };
        for (name, help, value) in usage.gauges {
            gauge(name, help, value)?;
        }
        let help = "When the process began, in seconds since 1970";
        let started = encoder.encode_descriptor("process_start_time_seconds", help, None, MetricType::Gauge)?;
        ConstGauge::new(usage.started).encode(started)?;
        let cpu = encoder.encode_descriptor("process_cpu_seconds", "CPU time", None, MetricType::Counter)?;
        ConstCounter::new(usage.cpu_seconds).encode(cpu)
    }
}
