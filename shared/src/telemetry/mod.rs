//! Logs, readable in development and JSON in production, and traces; both come from the spans and events of `tracing`.

mod config;
mod export;
mod filter;
pub mod trace;

use std::io::IsTerminal as _;
use std::sync::OnceLock;

use tracing::{Level, Subscriber};
use tracing_subscriber::fmt::format;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer, Registry, filter::filter_fn};

pub use self::config::{LogFormat, TelemetryConfig};
pub use self::export::{ExportError, Exporter};
pub use self::filter::{Filter, InvalidFilter};
use crate::service::Service;

/// The filter of this process' subscriber, once it is installed.
static FILTER: OnceLock<Filter> = OnceLock::new();

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("COLLABRY_LOG: {0}")]
    Filter(#[from] InvalidFilter),
    #[error("OTEL_EXPORTER_OTLP_ENDPOINT: {0}")]
    Export(#[from] ExportError),
}

/// Installs the process' only subscriber; a second call changes nothing. Logs go to standard error. The exporter sends
/// pending spans when it is dropped. `service` is `None` when all services run in one process.
pub fn init(config: &TelemetryConfig, service: Option<Service>) -> Result<Exporter, TelemetryError> {
    let (subscriber, filter, exporter) = subscriber(config, service, BoxMakeWriter::new(std::io::stderr))?;
    if tracing::subscriber::set_global_default(subscriber).is_err() || FILTER.set(filter).is_err() {
        tracing::debug!("telemetry is installed already");
    }
    Ok(exporter)
}

/// Checks a filter in the syntax of `COLLABRY_LOG`.
pub fn check_filter(filter: &str) -> Result<(), InvalidFilter> {
    filter::parse(filter).map(drop)
}

/// The filter of the installed subscriber.
pub fn installed_filter() -> Option<Filter> {
    FILTER.get().cloned()
}

/// Creates a subscriber that writes to `writer`, its filter, and its exporter.
pub fn subscriber(
    config: &TelemetryConfig,
    service: Option<Service>,
    writer: BoxMakeWriter,
) -> Result<(impl Subscriber + Send + Sync + use<>, Filter, Exporter), TelemetryError> {
    let (filter, reloadable) = Filter::new(&config.filter)?;
    let exporter = Exporter::new(config, service)?;
    // Traces need spans whatever is logged, but only ours: libraries create thousands.
    let spans = exporter.layer().with_filter(filter_fn(|metadata| {
        metadata.target().starts_with("collabry") && (metadata.is_span() || *metadata.level() <= Level::WARN)
    }));
    let subscriber = Registry::default().with(lines(config.format, writer).with_filter(reloadable)).with(spans);
    Ok((subscriber, filter, exporter))
}

/// The layer that writes log lines.
fn lines(format: LogFormat, writer: BoxMakeWriter) -> Box<dyn Layer<Registry> + Send + Sync> {
    let terminal = std::io::stderr().is_terminal();
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(terminal);
    let json = match format {
        LogFormat::Auto => !terminal,
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    if json {
        return layer.json().flatten_event(true).with_current_span(false).boxed();
    }
    // The OpenTelemetry name of a span is of no use in the log.
    let fields = format::debug_fn(|writer, field, value| match field.name() {
        "message" => write!(writer, "{value:?}"),
        name if name.starts_with("otel.") => Ok(()),
        name => write!(writer, " {name}={value:?}"),
    });
    layer.with_target(false).fmt_fields(fields).boxed()
}
