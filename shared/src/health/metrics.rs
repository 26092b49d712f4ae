//! Counters and gauges as Prometheus text.

use prometheus_client::encoding::text;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::config::Role;

/// Content type of [`text()`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The registry of a process in the given role: names begin with `collabry_`.
pub fn registry(role: Role) -> Registry {
    let mut registry = Registry::with_prefix("collabry");
    let build = Info::new(vec![("role", role.name()), ("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("build", "Role and version of this process", build);
    registry
}

/// What is registered, with its values now.
pub fn text(registry: &Registry) -> String {
    let mut text = String::new();
    if let Err(error) = text::encode(&mut text, registry) {
        tracing::error!(%error, "metrics cannot be written");
    }
    text
}
