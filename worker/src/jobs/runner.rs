//! One job's loop: claims what is due, runs it, records how it ended.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use collabry_shared::clock::Clock;
use collabry_shared::ids::OwnerId;
use collabry_shared::jobs::{ClaimedRun, Job, JobRepo, Missed, RunLease};
use collabry_shared::storage::StoreResult;
use collabry_shared::telemetry::trace;
use futures::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use tracing::field::Empty;

use super::turn::until;
use super::{LeaseLost, Metrics, Task, Turn};

/// A slot that is skipped when it was missed counts as missed after so long.
const ON_TIME: SignedDuration = SignedDuration::from_secs(10);

/// After a failure of the store.
const PAUSE: Duration = Duration::from_secs(2);

pub(crate) struct Runner {
    pub declared: Job,
    pub task: Arc<dyn Task>,
    pub ledger: Arc<dyn JobRepo>,
    pub clock: Arc<dyn Clock>,
    pub owner: OwnerId,
    pub metrics: Metrics,
    /// Something may be due.
    pub wake: Arc<Notify>,
}

/// How a turn ended.
enum End {
    Done(anyhow::Result<()>),
    Lost,
    GivenBack,
}

impl Runner {
    /// Until `shutdown`; a run that goes on then ends by itself, or is given back when `give_back` says so.
    pub async fn run(self, shutdown: CancellationToken, give_back: CancellationToken) {
        let mut known = Timestamp::MIN;
        while !shutdown.is_cancelled() {
            match self.claim(&mut known).await {
                Ok(Some(run)) => {
                    let span = tracing::error_span!(parent: None, "job", otel.name = %run.job, trace_id = Empty);
                    trace::adopt(&span, None);
                    self.take_turn(run, &give_back).instrument(span).await;
                }
                Ok(None) => {
                    shutdown.run_until_cancelled(self.until_something_may_be_due()).await;
                }
                Err(error) => {
                    tracing::error!(job = %self.declared.spec.name, %error, "the ledger of jobs cannot be reached");
                    shutdown.run_until_cancelled(sleep(PAUSE)).await;
                }
            }
        }
    }

    /// The scheduler looks at the machine's clock, which may run ahead: then it says so before the slot is due.
    async fn until_something_may_be_due(&self) {
        let now = self.clock.now();
        let next = self.declared.spec.schedule.as_ref().and_then(|schedule| schedule.next(now));
        let wait = next.map(|slot| slot.duration_since(now).unsigned_abs());
        tokio::select! {
            () = self.wake.notified() => {}
            () = sleep(wait.unwrap_or_default()), if wait.is_some() => {}
        }
    }

    /// The slot that is due, unless it is one up to `known`, of which it is known whose they are; then what was
    /// requested or abandoned.
    async fn claim(&self, known: &mut Timestamp) -> StoreResult<Option<ClaimedRun>> {
        let (spec, now) = (&self.declared.spec, self.clock.now());
        let lease = RunLease { owner: self.owner, now, until: until(now, spec.lease) };
        if let Some(slot) = self.due(now).filter(|slot| *slot > *known) {
            let claimed = self.ledger.claim_slot(&spec.name, slot, lease).await?;
            *known = slot;
            if claimed.is_some() {
                return Ok(claimed);
            }
        }
        if self.ledger.open(now).await?.contains(&spec.name) {
            return self.ledger.claim_open(&spec.name, lease).await;
        }
        Ok(None)
    }

    fn due(&self, now: Timestamp) -> Option<Timestamp> {
        let slot = self.declared.due_slot(now)?;
        let run = match self.declared.spec.missed {
            Missed::CatchUp => true,
            Missed::Skip => now.duration_since(slot) <= ON_TIME,
        };
        run.then_some(slot)
    }

    async fn take_turn(&self, run: ClaimedRun, give_back: &CancellationToken) {
        let (job, slot, attempt) = (run.job.clone(), run.slot, run.attempt);
        let turn = Turn::new(run, self.declared.spec.lease, Arc::clone(&self.ledger), Arc::clone(&self.clock));
        self.metrics.begun(&job, slot, self.clock.now());
        let begun = Instant::now();
        let end = tokio::select! {
            biased;
            () = give_back.cancelled() => End::GivenBack,
            () = turn.keep() => End::Lost,
            result = AssertUnwindSafe(self.task.run(&turn)).catch_unwind() => {
                End::Done(result.unwrap_or_else(|_| Err(anyhow::anyhow!("the job panicked"))))
            }
        };
        let took = begun.elapsed();
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let (outcome, recorded) = match end {
            End::Done(Ok(())) => {
                tracing::debug!(%job, %slot, attempt, millis, "job done");
                ("done", turn.finish(None).await)
            }
            End::Done(Err(error)) if !error.is::<LeaseLost>() => {
                let error = format!("{error:#}");
                tracing::error!(%job, %slot, attempt, millis, error, "job failed");
                ("failed", turn.finish(Some(&error)).await)
            }
            End::Done(Err(_)) | End::Lost => ("lost", Ok(false)),
            End::GivenBack => ("given_back", turn.release().await),
        };
        let outcome = if matches!(recorded, Ok(false)) { "lost" } else { outcome };
        self.metrics.ended(&job, outcome, took, self.clock.now());
        match recorded {
            Ok(true) => {}
            Ok(false) => tracing::warn!(%job, %slot, attempt, millis, "job stopped: another worker has taken over"),
            // Its lease runs out, and it is run again.
            Err(error) => tracing::error!(%job, %slot, %error, "the end of a job cannot be recorded"),
        }
    }
}
