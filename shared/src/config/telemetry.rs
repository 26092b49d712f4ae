//! The settings of logs and traces.

use std::time::Duration;

use super::reader::Reader;
use crate::telemetry::{self, LogFormat, TelemetryConfig};

pub(super) fn read(read: &mut Reader<'_>) -> TelemetryConfig {
    let filter = read.text("COLLABRY_LOG", "info");
    if let Err(error) = telemetry::check_filter(&filter) {
        read.problem("COLLABRY_LOG", error.to_string());
    }
    TelemetryConfig {
        filter,
        format: match read.one_of("COLLABRY_LOG_FORMAT", &["auto", "text", "json"]) {
            "text" => LogFormat::Text,
            "json" => LogFormat::Json,
            _ => LogFormat::Auto,
        },
        otlp_endpoint: read.url("OTEL_EXPORTER_OTLP_ENDPOINT"),
        trace_sample: read.share("COLLABRY_TRACE_SAMPLE", 0.1),
    }
}

/// `COLLABRY_SLOW_REQUEST_MS`
pub(super) fn slow_request(read: &mut Reader<'_>) -> Duration {
    read.milliseconds("COLLABRY_SLOW_REQUEST_MS", 1_000, 1..=600_000)
}
