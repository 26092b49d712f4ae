//! Which lines are written, changeable while the process runs.

use std::fmt;
use std::sync::Arc;

use tracing_subscriber::{EnvFilter, Registry, reload};

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
    /// The filter and the layer that heeds it.
    pub(super) fn new(configured: &str) -> Result<(Self, reload::Layer<EnvFilter, Registry>), InvalidFilter> {
        let (layer, handle) = reload::Layer::new(parse(configured)?);
        Ok((Self { handle, configured: configured.into() }, layer))
    }

    /// What the process was started with.
    pub fn configured(&self) -> &str {
        &self.configured
    }

    /// Lets through what `filter` says, in the syntax of `EnvFilter`; `None`: what is configured.
    pub fn set(&self, filter: Option<&str>) -> Result<(), InvalidFilter> {
        let parsed = parse(filter.unwrap_or(&self.configured))?;
        self.handle.reload(parsed).map_err(|error| InvalidFilter(error.to_string()))
    }
}

/// Says what is wrong with a filter.
pub(super) fn parse(filter: &str) -> Result<EnvFilter, InvalidFilter> {
    EnvFilter::try_new(filter).map_err(|error| InvalidFilter(error.to_string()))
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").field("configured", &self.configured).finish_non_exhaustive()
    }
}
