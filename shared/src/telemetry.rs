//! Logs: readable in development, JSON in production.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::config::LogConfig;

/// Installs the process' one subscriber. Logs go to standard error; calling it again changes nothing.
pub fn init(config: &LogConfig) -> Result<(), ParseError> {
    let filter = EnvFilter::try_new(&config.filter)?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let installed = if config.json { builder.json().try_init() } else { builder.with_target(false).try_init() };
    if installed.is_err() {
        tracing::debug!("telemetry is installed already");
    }
    Ok(())
}
