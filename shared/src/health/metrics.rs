//! Metrics as Prometheus text. Each metric is declared next to what it measures; `docs/metrics.md` lists them all.

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::process;

/// Content type of [`text()`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Durations of what somebody waits for; 200 ms is the target for requests.
const QUICK: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Durations of background work.
const LONG: [f64; 13] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0];

/// Counters with a fixed set of labels.
pub type Counts<const N: usize> = Family<[(&'static str, &'static str); N], Counter>;
/// Durations with a fixed set of labels.
pub type Times<const N: usize> = Family<[(&'static str, &'static str); N], Histogram>;

/// A histogram of seconds up to ten.
pub fn quick() -> Histogram {
    Histogram::new(QUICK)
}

/// A histogram of seconds up to ten minutes.
pub fn long() -> Histogram {
    Histogram::new(LONG)
}

/// Creates the registry of a process, which is handed to each part of it; it already holds the metrics of every process,
/// and the program's role and version.
pub fn registry(program: &'static str) -> Registry {
    let mut registry = Registry::default();
    process::register(&mut registry);
    let build = Info::new(vec![("role", program), ("version", env!("CARGO_PKG_VERSION"))]);
    ours(&mut registry).register("build", "Role and version of this process", build);
    registry
}

/// The part of the registry whose names start with `collabry_`; process and HTTP metrics have Prometheus' usual names.
pub fn ours(registry: &mut Registry) -> &mut Registry {
    registry.sub_registry_with_prefix("collabry")
}

/// Renders the registries with their current values as one text.
pub fn text<'a>(registries: impl IntoIterator<Item = &'a Registry>) -> String {
    let mut text = String::new();
    let written = registries.into_iter().try_for_each(|registry| text::encode_registry(&mut text, registry));
    if let Err(error) = written.and_then(|()| text::encode_eof(&mut text)) {
        tracing::error!(%error, "cannot render the metrics");
    }
    text
}
