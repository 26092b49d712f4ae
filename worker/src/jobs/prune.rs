//! Prunes the run ledger.

use std::sync::Arc;

use async_trait::async_trait;
use collabry_shared::jobs::JobRepo;

use super::{JobHandler, LeasedRun};

/// How many runs of each job the ledger keeps.
const KEPT: u32 = 100;

pub(crate) struct PruneRuns {
    pub jobs: Arc<dyn JobRepo>,
}

#[async_trait]
impl JobHandler for PruneRuns {
    async fn run(&self, run: &LeasedRun) -> anyhow::Result<()> {
        for job in self.jobs.list().await? {
            run.check_lease().await?;
            let deleted = self.jobs.prune_runs(&job.spec.name, KEPT).await?;
            tracing::debug!(job = %job.spec.name, deleted, "old runs deleted");
        }
        Ok(())
    }
}
