//! The loop of one job: claims due runs, runs them and records the outcome.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use collabry_shared::clock::Clock;
use collabry_shared::ids::OwnerId;
use collabry_shared::jobs::{ClaimedRun, DeclaredJob, JobRepo, Missed, RunLease};
use collabry_shared::storage::StoreResult;
use collabry_shared::telemetry::trace;
use futures::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use tracing::field::Empty;

use super::leased_run::lease_end;
use super::{JobHandler, LeaseLost, LeasedRun, Metrics};

/// How late a slot may start before it counts as missed, for jobs that skip missed slots.
const MAX_LATENESS: SignedDuration = SignedDuration::from_secs(10);

/// How long the loop waits after a store error.
const RETRY_DELAY: Duration = Duration::from_secs(2);

pub(crate) struct Runner {
    pub declared: DeclaredJob,
    pub handler: Arc<dyn JobHandler>,
    pub ledger: Arc<dyn JobRepo>,
    pub clock: Arc<dyn Clock>,
    pub owner: OwnerId,
    pub metrics: Metrics,
    /// Notified when a run may be due.
    pub wake: Arc<Notify>,
}

/// How a run ended.
enum Outcome {
    Finished(anyhow::Result<()>),
    LeaseLost,
    Released,
}

impl Runner {
    /// Runs until `shutdown`. A run in progress then finishes, or is released when `release` is cancelled.
    pub async fn run(self, shutdown: CancellationToken, release: CancellationToken) {
        let mut last_slot = Timestamp::MIN;
        while !shutdown.is_cancelled() {
            match self.claim(&mut last_slot).await {
                Ok(Some(run)) => {
                    let span = tracing::error_span!(parent: None, "job", otel.name = %run.job, trace_id = Empty);
                    trace::adopt(&span, None);
                    self.execute(run, &release).instrument(span).await;
                }
                Ok(None) => {
                    shutdown.run_until_cancelled(self.wait_until_due()).await;
                }
                Err(error) => {
                    tracing::error!(job = %self.declared.spec.name, %error, "cannot claim a run");
                    shutdown.run_until_cancelled(sleep(RETRY_DELAY)).await;
                }
            }
        }
    }

    /// Waits until a run may be due. The scheduler reads the machine's clock, which may run ahead and wake this loop before
    /// the slot is due, so the loop also waits for the slot itself.
    async fn wait_until_due(&self) {
        let now = self.clock.now();
        let next = self.declared.spec.schedule.as_ref().and_then(|schedule| schedule.next(now));
        let wait = next.map(|slot| slot.duration_since(now).unsigned_abs());
        tokio::select! {
            () = self.wake.notified() => {}
            () = sleep(wait.unwrap_or_default()), if wait.is_some() => {}
        }
    }

    /// Claims the due slot, unless it is not newer than `last_slot`, the last one that was claimed by this worker or
    /// another; otherwise claims a requested or abandoned run.
    async fn claim(&self, last_slot: &mut Timestamp) -> StoreResult<Option<ClaimedRun>> {
        let spec = &self.declared.spec;
        let now = self.clock.now();
        let lease = RunLease { owner: self.owner, now, until: lease_end(now, spec.lease) };
        if let Some(slot) = self.due_slot(now).filter(|slot| *slot > *last_slot) {
            let claimed = self.ledger.claim_slot(&spec.name, slot, lease).await?;
            *last_slot = slot;
            if claimed.is_some() {
                return Ok(claimed);
            }
        }
        if self.ledger.open_jobs(now).await?.contains(&spec.name) {
            return self.ledger.claim_open(&spec.name, lease).await;
        }
        Ok(None)
    }

    fn due_slot(&self, now: Timestamp) -> Option<Timestamp> {
        let slot = self.declared.due_slot(now)?;
        let due = match self.declared.spec.missed {
            Missed::CatchUp => true,
            Missed::Skip => now.duration_since(slot) <= MAX_LATENESS,
        };
        due.then_some(slot)
    }

    async fn execute(&self, run: ClaimedRun, release: &CancellationToken) {
        let (job, slot, attempt) = (run.job.clone(), run.slot, run.attempt);
        let run = LeasedRun::new(run, self.declared.spec.lease, Arc::clone(&self.ledger), Arc::clone(&self.clock));
        self.metrics.run_started(&job, slot, self.clock.now());
        let started = Instant::now();
        let outcome = tokio::select! {
            biased;
            () = release.cancelled() => Outcome::Released,
            () = run.keep_lease() => Outcome::LeaseLost,
            result = AssertUnwindSafe(self.handler.run(&run)).catch_unwind() => {
                Outcome::Finished(result.unwrap_or_else(|_| Err(anyhow::anyhow!("the job panicked"))))
            }
        };
        let elapsed = started.elapsed();
        let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let (label, recorded) = match outcome {
            Outcome::Finished(Ok(())) => {
                tracing::debug!(%job, %slot, attempt, millis, "job done");
                ("done", run.finish(None).await)
            }
            Outcome::Finished(Err(error)) if !error.is::<LeaseLost>() => {
                let error = format!("{error:#}");
                tracing::error!(%job, %slot, attempt, millis, error, "job failed");
                ("failed", run.finish(Some(&error)).await)
            }
            Outcome::Finished(Err(_)) | Outcome::LeaseLost => ("lost", Ok(false)),
            Outcome::Released => ("given_back", run.release().await),
        };
        let label = if matches!(recorded, Ok(false)) { "lost" } else { label };
        self.metrics.run_ended(&job, label, elapsed, self.clock.now());
        match recorded {
            Ok(true) => {}
            Ok(false) => tracing::warn!(%job, %slot, attempt, millis, "job stopped: another worker has taken over"),
            // The lease expires, and the run is repeated.
            Err(error) => tracing::error!(%job, %slot, %error, "cannot record the outcome of a job"),
        }
    }
}
