//! The lease on a version: renewed while its ingestion works, together with the progress that members see.

use std::time::Duration;

use collabry_shared::realtime::{Event, Room};
use collabry_shared::sources::{ClaimedVersion, Format, IngestState, Source};
use collabry_shared::storage::StoreResult;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, sleep};

use super::IngestionParts;
use super::error::{IngestError, fenced};

/// How long a lease lasts without renewal. Then another engine may take over; the database may be unavailable for half
/// of it.
pub(super) const LEASE: Duration = Duration::from_secs(20);

/// Progress that comes sooner is not worth an event to every member.
const MIN_BETWEEN_EVENTS: Duration = Duration::from_millis(200);

pub fn until(now: Timestamp, lease: Duration) -> Timestamp {
    let lease = SignedDuration::try_from(lease).unwrap_or(SignedDuration::MAX);
    now.saturating_add(lease).unwrap_or(Timestamp::MAX)
}

pub struct Lease<'a> {
    parts: &'a IngestionParts,
    pub claim: &'a ClaimedVersion,
    published: Mutex<Published>,
}

/// What members see.
struct Published {
    source: Source,
    last_event: Option<Instant>,
}

impl<'a> Lease<'a> {
    pub fn new(parts: &'a IngestionParts, claim: &'a ClaimedVersion) -> Self {
        Self { parts, claim, published: Mutex::new(Published { source: claim.source.clone(), last_event: None }) }
    }

    /// Records and publishes the next step.
    pub async fn enter(&self, state: IngestState) -> Result<(), IngestError> {
        let mut published = self.published.lock().await;
        fenced(self.renew(&state).await)?;
        let is_step = !matches!(state, IngestState::Embed { done, total } if 0 < done && done < total);
        published.source.latest.state = state;
        if is_step || published.last_event.is_none_or(|last| last.elapsed() >= MIN_BETWEEN_EVENTS) {
            published.last_event = Some(Instant::now());
            self.publish(published.source.clone()).await;
        }
        Ok(())
    }

    /// Records what a fetched page turned out to be; it is published with the next step.
    pub async fn fetched(&self, name: &str, format: Format, size: u64) -> Result<(), IngestError> {
        let mut published = self.published.lock().await;
        fenced(self.parts.stores.ingest_queue.fetched(self.claim, name, format, size).await)?;
        name.clone_into(&mut published.source.name);
        published.source.latest.format = format;
        published.source.latest.size = size;
        Ok(())
    }

    /// Renews the lease regularly and at each nudge; returns when it is lost.
    pub async fn keep(&self, mut nudged: watch::Receiver<()>) {
        let mut renewed = Instant::now();
        while renewed.elapsed() < LEASE {
            tokio::select! {
                () = sleep(LEASE / 3) => {}
                // The loop that owns the sender outlives its jobs.
                _ = nudged.changed() => {}
            }
            // Not while a step is being recorded: an older state must not overwrite it.
            let published = self.published.lock().await;
            match self.renew(&published.source.latest.state).await {
                Ok(true) => renewed = Instant::now(),
                Ok(false) => return,
                Err(error) => tracing::warn!(%error, "lease renewal failed"),
            }
        }
    }

    /// Publishes the source as it is stored now, if it still is.
    pub async fn publish_stored(&self) -> StoreResult<()> {
        let Source { id, notebook_id, .. } = self.claim.source;
        if let Some(source) = self.parts.stores.sources.get(notebook_id, id).await? {
            self.publish(source).await;
        }
        Ok(())
    }

    async fn renew(&self, state: &IngestState) -> StoreResult<bool> {
        let now = self.parts.clock.now();
        self.parts.stores.ingest_queue.progress(self.claim, state, now, until(now, LEASE)).await
    }

    async fn publish(&self, source: Source) {
        // Members see the latest version only; an older one may still be in the queue.
        if source.latest.version == self.claim.version.version {
            self.parts.fan_out.emit(Room::Notebook(source.notebook_id), Event::SourceStatus { source }).await;
        }
    }
}
