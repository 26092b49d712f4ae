//! What is logged and traced, and where it goes.

use url::Url;

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
