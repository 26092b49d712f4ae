//! What is logged and traced, and where it goes.

use std::time::Duration;

use url::Url;

use super::reader::Reader;
use crate::telemetry;

#[derive(Debug, Clone)]
pub struct TelemetryConfig {
    /// `COLLABRY_LOG`, in the syntax of `tracing_subscriber::EnvFilter`.
    pub filter: String,
    /// `COLLABRY_LOG_FORMAT`
    pub format: LogFormat,
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`: a collector's address, without `/v1/traces`; `None`: nothing is sent.
    pub otlp_endpoint: Option<Url>,
    /// `COLLABRY_TRACE_SAMPLE`: which share of the traces is sent, 0 to 1.
    pub trace_sample: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    Text,
    Json,
}

impl TelemetryConfig {
    pub(super) fn read(read: &mut Reader<'_>) -> Self {
        let filter = read.text("COLLABRY_LOG", "info");
        if let Err(error) = telemetry::check_filter(&filter) {
            read.problem("COLLABRY_LOG", error.to_string());
        }
        Self {
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
}
