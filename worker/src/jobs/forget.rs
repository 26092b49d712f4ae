//! Keeps the ledger short.

use std::sync::Arc;

use async_trait::async_trait;
use collabry_shared::jobs::JobRepo;

use super::{Task, Turn};

/// Runs of each job that can be looked at.
const KEPT: u32 = 100;

pub(crate) struct ForgetRuns {
    pub jobs: Arc<dyn JobRepo>,
}

#[async_trait]
impl Task for ForgetRuns {
    async fn run(&self, turn: &Turn) -> anyhow::Result<()> {
        for job in self.jobs.list().await? {
            turn.check().await?;
            let gone = self.jobs.forget_runs(&job.spec.name, KEPT).await?;
            tracing::debug!(job = %job.spec.name, gone, "old runs forgotten");
        }
        Ok(())
    }
}
