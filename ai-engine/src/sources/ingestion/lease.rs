//! The right to work on a version: kept alive while work goes on, and with it what everyone sees of the progress.

use std::time::Duration;

use collabry_shared::realtime::{Event, Room};
use collabry_shared::sources::{ClaimedVersion, FailureCode, Format, IngestState, Source};
use collabry_shared::storage::StoreResult;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, sleep};

use super::{IngestionParts, LEASE};

/// Progress in between is not worth a message to every member.
const MIN_BETWEEN_EVENTS: Duration = Duration::from_millis(200);

/// Why the work on a version ends before it is done.
#[derive(Debug)]
pub enum Stop {
    /// Another process has taken over, or the source was deleted.
    Lost,
    /// The source cannot be taken in.
    Failed { at: &'static str, code: FailureCode },
    /// Something of ours failed; the version is tried again when the lease runs out.
    Internal(anyhow::Error),
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Internal(error.into())
    }
}

/// `Lost` unless the store did what it was asked.
pub fn held(done: StoreResult<bool>) -> Result<(), Stop> {
    if done? { Ok(()) } else { Err(Stop::Lost) }
}

pub fn until(now: Timestamp, lease: Duration) -> Timestamp {
    let lease = SignedDuration::try_from(lease).unwrap_or(SignedDuration::MAX);
    now.saturating_add(lease).unwrap_or(Timestamp::MAX)
}

pub struct Lease<'a> {
    parts: &'a IngestionParts,
    pub claim: &'a ClaimedVersion,
    shown: Mutex<Shown>,
}

/// What people see.
struct Shown {
    source: Source,
    last_event: Option<Instant>,
}

impl<'a> Lease<'a> {
    pub fn new(parts: &'a IngestionParts, claim: &'a ClaimedVersion) -> Self {
        Self { parts, claim, shown: Mutex::new(Shown { source: claim.source.clone(), last_event: None }) }
    }

    /// Records and shows the next step.
    pub async fn enter(&self, state: IngestState) -> Result<(), Stop> {
        let mut shown = self.shown.lock().await;
        held(self.renew(&state).await)?;
        let is_step = !matches!(state, IngestState::Embed { done, total } if 0 < done && done < total);
        shown.source.latest.state = state;
        if is_step || shown.last_event.is_none_or(|last| last.elapsed() >= MIN_BETWEEN_EVENTS) {
            shown.last_event = Some(Instant::now());
            self.emit(shown.source.clone()).await;
        }
        Ok(())
    }

    /// Records what a fetched page turned out to be; it is shown with the next step.
    pub async fn fetched(&self, name: &str, format: Format, size: u64) -> Result<(), Stop> {
        let mut shown = self.shown.lock().await;
        held(self.parts.stores.ingest_queue.fetched(self.claim, name, format, size).await)?;
        name.clone_into(&mut shown.source.name);
        shown.source.latest.format = format;
        shown.source.latest.size = size;
        Ok(())
    }

    /// Renews the lease now and then, and at each nudge; returns when it is lost.
    pub async fn keep(&self, mut nudged: watch::Receiver<()>) {
        let mut renewed = Instant::now();
        while renewed.elapsed() < LEASE {
            tokio::select! {
                () = sleep(LEASE / 3) => {}
                // The loop that owns the sender outlives its jobs.
                _ = nudged.changed() => {}
            }
            // Not while a step is being recorded: an older state must not overwrite it.
            let shown = self.shown.lock().await;
            match self.renew(&shown.source.latest.state).await {
                Ok(true) => renewed = Instant::now(),
                Ok(false) => return,
                Err(error) => tracing::warn!(%error, "a lease cannot be renewed"),
            }
        }
    }

    /// Shows the source as it is stored now; says nothing when it is gone.
    pub async fn show_stored(&self) -> StoreResult<()> {
        let Source { id, notebook_id, .. } = self.claim.source;
        if let Some(source) = self.parts.stores.sources.get(notebook_id, id).await? {
            self.emit(source).await;
        }
        Ok(())
    }

    async fn renew(&self, state: &IngestState) -> StoreResult<bool> {
        let now = self.parts.clock.now();
        self.parts.stores.ingest_queue.progress(self.claim, state, now, until(now, LEASE)).await
    }

    async fn emit(&self, source: Source) {
        // An older version still in the queue is nothing that people see.
        if source.latest.version == self.claim.version.version {
            self.parts.fan_out.emit(Room::Notebook(source.notebook_id), Event::SourceStatus { source }).await;
        }
    }
}
