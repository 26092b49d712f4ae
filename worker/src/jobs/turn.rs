//! A run in the making, and the right to go on with it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use collabry_shared::clock::Clock;
use collabry_shared::ids::OwnerId;
use collabry_shared::jobs::{ClaimedRun, JobRepo};
use collabry_shared::storage::StoreResult;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep};

/// Another worker has taken the run over: nothing more may be done for it here.
#[derive(Debug, thiserror::Error)]
#[error("another worker has taken over")]
pub struct LeaseLost;

/// A claimed run.
pub struct Turn {
    run: ClaimedRun,
    lease: SignedDuration,
    ledger: Arc<dyn JobRepo>,
    clock: Arc<dyn Clock>,
}

impl Turn {
    pub(super) fn new(run: ClaimedRun, lease: SignedDuration, ledger: Arc<dyn JobRepo>, clock: Arc<dyn Clock>) -> Self {
        Self { run, lease, ledger, clock }
    }

    /// The time that this is the run of.
    pub fn slot(&self) -> Timestamp {
        self.run.slot
    }

    /// Who runs it, to the stores.
    pub fn owner(&self) -> OwnerId {
        self.run.owner
    }

    /// To be called before each effect: asks the ledger whether the run is still ours, and renews its lease.
    /// [`LeaseLost`] when it is not, as after a long pause of the process.
    pub async fn check(&self) -> anyhow::Result<()> {
        if self.renew().await? { Ok(()) } else { Err(LeaseLost.into()) }
    }

    /// Renews the lease now and then; returns when it is lost.
    pub(super) async fn keep(&self) {
        let lease = Duration::try_from(self.lease).unwrap_or_default();
        let mut renewed = Instant::now();
        while renewed.elapsed() < lease {
            sleep(lease / 3).await;
            match self.renew().await {
                Ok(true) => renewed = Instant::now(),
                Ok(false) => return,
                Err(error) => tracing::warn!(job = %self.run.job, %error, "a lease cannot be renewed"),
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
        self.ledger.renew(&self.run, until(self.clock.now(), self.lease)).await
    }
}

/// The end of a lease that begins `now`.
pub(super) fn until(now: Timestamp, lease: SignedDuration) -> Timestamp {
    now.saturating_add(lease).unwrap_or(Timestamp::MAX)
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").field("run", &self.run).finish_non_exhaustive()
    }
}
