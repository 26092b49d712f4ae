//! A claimed run and the lease on it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use collabry_shared::clock::Clock;
use collabry_shared::ids::OwnerId;
use collabry_shared::jobs::{ClaimedRun, JobRepo};
use collabry_shared::storage::StoreResult;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep};

/// Another worker has taken over the run: this one must not do anything more for it.
#[derive(Debug, thiserror::Error)]
#[error("another worker has taken over")]
pub struct LeaseLost;

/// A claimed run whose lease this worker holds.
pub struct LeasedRun {
    run: ClaimedRun,
    lease: SignedDuration,
    ledger: Arc<dyn JobRepo>,
    clock: Arc<dyn Clock>,
}

impl LeasedRun {
    pub(super) fn new(run: ClaimedRun, lease: SignedDuration, ledger: Arc<dyn JobRepo>, clock: Arc<dyn Clock>) -> Self {
        Self { run, lease, ledger, clock }
    }

    /// The time for which this run was due or requested.
    pub fn slot(&self) -> Timestamp {
        self.run.slot
    }

    /// The lease owner, as the stores know it.
    pub fn owner(&self) -> OwnerId {
        self.run.owner
    }

    /// Renews the lease; handlers call this before each effect.
    ///
    /// # Errors
    /// [`LeaseLost`] when another worker has taken over, as after a long pause of the process.
    pub async fn check_lease(&self) -> anyhow::Result<()> {
        if self.renew().await? { Ok(()) } else { Err(LeaseLost.into()) }
    }

    /// Renews the lease periodically; returns when it is lost.
    pub(super) async fn keep_lease(&self) {
        let lease = Duration::try_from(self.lease).unwrap_or_default();
        let mut renewed = Instant::now();
        while renewed.elapsed() < lease {
            sleep(lease / 3).await;
            match self.renew().await {
                Ok(true) => renewed = Instant::now(),
                Ok(false) => return,
                Err(error) => tracing::warn!(job = %self.run.job, %error, "cannot renew the lease of a job"),
            }
        }
    }

    pub(super) async fn finish(&self, error: Option<&str>) -> StoreResult<bool> {
        self.ledger.finish(&self.run, error, self.clock.now()).await
    }

    pub(super) async fn release(&self) -> StoreResult<bool> {
        self.ledger.release(&self.run).await
    }

    async fn renew(&self) -> StoreResult<bool> {
        self.ledger.renew(&self.run, lease_end(self.clock.now(), self.lease)).await
    }
}

/// When a lease that starts `now` ends.
pub(super) fn lease_end(now: Timestamp, lease: SignedDuration) -> Timestamp {
    now.saturating_add(lease).unwrap_or(Timestamp::MAX)
}

impl fmt::Debug for LeasedRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeasedRun").field("run", &self.run).finish_non_exhaustive()
    }
}
