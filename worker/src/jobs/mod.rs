//! Jobs: their handlers, the loop that runs them, and the lease of a run.

mod leased_run;
mod metrics;
mod prune;
mod runner;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use collabry_shared::jobs::JobSpec;

pub use self::leased_run::{LeaseLost, LeasedRun};
pub(crate) use self::metrics::Metrics;
pub(crate) use self::prune::PruneRuns;
pub(crate) use self::runner::Runner;

/// What a job does. A run may be repeated, and may overlap with one on another worker that was paused. So a handler calls
/// [`LeasedRun::check_lease`] before each effect, and its effects are idempotent.
#[async_trait]
pub trait JobHandler: Send + Sync {
    async fn run(&self, run: &LeasedRun) -> anyhow::Result<()>;
}

/// A handler and when it is due.
pub struct Job {
    pub spec: JobSpec,
    pub handler: Arc<dyn JobHandler>,
}

impl Job {
    pub fn new(spec: JobSpec, handler: impl JobHandler + 'static) -> Self {
        Self { spec, handler: Arc::new(handler) }
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("spec", &self.spec).finish_non_exhaustive()
    }
}
