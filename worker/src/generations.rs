//! Ends abandoned generations and prunes their old logs.

use std::sync::Arc;

use async_trait::async_trait;
use collabry_shared::clock::Clock;
use collabry_shared::generations::{Endings, GenerationLog};
use jiff::{SignedDuration, Timestamp};

use crate::jobs::{JobHandler, LeasedRun};

/// How long a finished generation can be replayed event by event; its answer stays for good.
const LOG_RETENTION: SignedDuration = SignedDuration::from_hours(24);

/// How long a lapsed lease is left to the running engines, which restart the generations of which nothing was shown.
const ENGINE_GRACE: SignedDuration = SignedDuration::from_millis(1500);

pub(crate) struct EndGenerations {
    pub endings: Endings,
}

#[async_trait]
impl JobHandler for EndGenerations {
    async fn run(&self, run: &LeasedRun) -> anyhow::Result<()> {
        run.check_lease().await?;
        let lapsed_before = before(self.endings.clock.now(), ENGINE_GRACE);
        let ended = self.endings.end_abandoned(run.owner(), lapsed_before).await?;
        if ended > 0 {
            tracing::info!(ended, "abandoned generations ended");
        }
        Ok(())
    }
}

pub(crate) struct PruneGenerationLogs {
    pub log: Arc<dyn GenerationLog>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl JobHandler for PruneGenerationLogs {
    async fn run(&self, run: &LeasedRun) -> anyhow::Result<()> {
        run.check_lease().await?;
        let deleted = self.log.forget(before(self.clock.now(), LOG_RETENTION)).await?;
        tracing::info!(deleted, "old generation logs deleted");
        Ok(())
    }
}

fn before(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.saturating_sub(by).unwrap_or(Timestamp::MIN)
}
