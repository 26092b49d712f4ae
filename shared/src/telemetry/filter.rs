//! The log filter, which can be changed while the process runs.

use std::fmt;
use std::sync::Arc;

use tracing_subscriber::{EnvFilter, Registry, reload};

/// Quiets chatty libraries unless a filter names them. Slow statements have a log line of our own.
const QUIET: [(&str, &str); 2] = [("tokio_cron_scheduler", "tokio_cron_scheduler=warn"), ("sqlx", "sqlx::query=error")];

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidFilter(String);

/// The filter of a subscriber. Cheap to clone.
#[derive(Clone)]
pub struct Filter {
    handle: reload::Handle<EnvFilter, Registry>,
    configured: Arc<str>,
}

impl Filter {
    /// Creates the filter and the layer that applies it.
    pub(super) fn new(configured: &str) -> Result<(Self, reload::Layer<EnvFilter, Registry>), InvalidFilter> {
        let (layer, handle) = reload::Layer::new(parse(configured)?);
        Ok((Self { handle, configured: configured.into() }, layer))
    }

    /// The filter that the process was started with.
    pub fn configured(&self) -> &str {
        &self.configured
    }

    /// Applies `filter`, in the syntax of `EnvFilter`; `None`: the configured filter.
    pub fn set(&self, filter: Option<&str>) -> Result<(), InvalidFilter> {
        let parsed = parse(filter.unwrap_or(&self.configured))?;
        self.handle.reload(parsed).map_err(|error| InvalidFilter(error.to_string()))
    }
}

/// The known targets: our crates, and libraries whose lines somebody may want. A word that is neither one of these nor a
/// level is a typing mistake, which `EnvFilter` would read as a module name and so silence everything else.
const TARGETS: [&str; 22] = [
    "aws",
    "axum",
    "audit",
    "collabry",
    "engineioxide",
    "faiss",
    "h2",
    "hickory",
    "hyper",
    "mongodb",
    "object_store",
    "opentelemetry",
    "redis",
    "reqwest",
    "rustls",
    "socketioxide",
    "sqlx",
    "tantivy",
    "tokio",
    "tower",
    "tracing",
    "want",
];

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Parses a filter.
///
/// Errors always pass, unless the filter turns everything or their target `off`.
pub(super) fn parse(filter: &str) -> Result<EnvFilter, InvalidFilter> {
    let parts: Vec<_> = filter.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    // The fields of spans are separated by commas too.
    if !filter.contains('{') {
        parts.iter().copied().try_for_each(known)?;
    }
    let mut directives = Vec::new();
    if !parts.contains(&"off") {
        let unnamed = QUIET.iter().filter(|(library, _)| !parts.iter().any(|part| part.starts_with(library)));
        directives.push("error");
        directives.extend(unnamed.map(|(_, quiet)| quiet));
    }
    directives.extend(parts);
    EnvFilter::try_new(directives.join(",")).map_err(|error| InvalidFilter(error.to_string()))
}

/// A level, or a target with or without one.
fn known(part: &str) -> Result<(), InvalidFilter> {
    let word = part.split(['=', '[']).next().unwrap_or_default().trim();
    let is_level = LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level)) || word.parse::<u8>().is_ok();
    let of_spans = word.is_empty() && part.starts_with('[');
    if (is_level && word == part) || of_spans || TARGETS.iter().any(|target| word.starts_with(target)) {
        return Ok(());
    }
    let expected =
        "neither a level (error, warn, info, debug, trace, off) nor a part of Collabry like collabry_api=debug";
    Err(InvalidFilter(format!("{part:?} is {expected}; parts are separated by commas")))
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").field("configured", &self.configured).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_filter_is_levels_and_targets() {
        for right in
            ["info", "INFO", "off", "", "info,collabry_api=debug", "collabry=trace, sqlx=warn", "[request]=debug"]
        {
            parse(right).unwrap_or_else(|error| panic!("{right}: {error}"));
        }
    }

    #[test]
    fn a_typing_mistake_is_not_taken_for_a_target() {
        for wrong in ["infoo", "info;debug", "collabry_api=debg", "info,debgu", "colabry_api=debug", "info=debug", "5x"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn errors_are_let_through_unless_everything_is_off() {
        let level = |filter: &str| parse(filter).unwrap().to_string();
        assert!(level("collabry_api=debug").contains("error"));
        assert_eq!(level("off"), "off");
    }
}
