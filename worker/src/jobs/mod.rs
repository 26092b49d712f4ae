//! Jobs: what is run, under which lease, and by whom.

mod forget;
mod metrics;
mod runner;
mod turn;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use collabry_shared::jobs::JobSpec;

pub(crate) use self::forget::ForgetRuns;
pub(crate) use self::metrics::Metrics;
pub(crate) use self::runner::Runner;
pub use self::turn::{LeaseLost, Turn};

/// What a job does. It may be run again, and beside itself on another worker that was paused: every effect comes after
/// [`Turn::check`], and is such that having it twice is having it once.
#[async_trait]
pub trait Task: Send + Sync {
    async fn run(&self, turn: &Turn) -> anyhow::Result<()>;
}

/// A task and when it is due.
pub struct Job {
    pub spec: JobSpec,
    pub task: Arc<dyn Task>,
}

impl Job {
    pub fn new(spec: JobSpec, task: impl Task + 'static) -> Self {
        Self { spec, task: Arc::new(task) }
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("spec", &self.spec).finish_non_exhaustive()
    }
}
