//! One claimed version from beginning to end, whichever end it is.

use collabry_shared::ids::NotificationId;
use collabry_shared::notifications::{About, Notification};
use collabry_shared::realtime::{Event, Room};
use collabry_shared::sources::{ClaimedVersion, FailureCode, IngestFailure};
use collabry_shared::storage::StoreResult;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Ingestion;
use super::lease::{Lease, Stop};
use super::steps::Taken;

impl Ingestion {
    pub(super) async fn work_on(&self, claim: ClaimedVersion, shutdown: &CancellationToken) {
        let (lease, begun) = (Lease::new(&self.parts, &claim), Instant::now());
        let ended = if let Some(at) = claim.crashed_at() {
            Some(Err(Stop::Failed { at, code: FailureCode::IngestCrashed }))
        } else {
            // Dropping the steps ends whatever they are doing, the extraction child included.
            tokio::select! {
                biased;
                () = shutdown.cancelled() => None,
                () = lease.keep(self.nudges.subscribe()) => Some(Err(Stop::Lost)),
                ended = Box::pin(self.take_in(&lease)) => Some(ended),
            }
        };
        self.metrics.ended(outcome(ended.as_ref()), begun.elapsed());
        if let Err(error) = self.settle(&lease, ended).await {
            tracing::error!(%error, source = %claim.source.id, "the end of an ingestion cannot be recorded");
        }
    }

    async fn settle(&self, lease: &Lease<'_>, ended: Option<Result<Taken, Stop>>) -> StoreResult<()> {
        let (source, version) = (lease.claim.source.id, lease.claim.version.version);
        match ended {
            None => {
                self.parts.stores.ingest_queue.release(lease.claim, self.parts.clock.now()).await?;
                tracing::info!(%source, version, "ingestion given back at shutdown");
            }
            Some(Ok(Taken::Page)) => {
                self.parts.stores.ingest_queue.release(lease.claim, self.parts.clock.now()).await?;
                tracing::info!(%source, version, "page fetched; it waits to be read");
                lease.show_stored().await?;
                self.nudge();
            }
            Some(Ok(Taken::In)) => {
                tracing::info!(%source, version, "source ready");
                lease.show_stored().await?;
            }
            Some(Err(Stop::Lost)) => tracing::info!(%source, version, "ingestion stopped: taken over or deleted"),
            Some(Err(Stop::Failed { at, code })) => self.fail(lease, at, code).await?,
            Some(Err(Stop::Internal(error))) => {
                tracing::error!(%source, version, error = format!("{error:#}"), "ingestion broke off; it will be tried again");
            }
        }
        Ok(())
    }

    async fn fail(&self, lease: &Lease<'_>, at: &str, code: FailureCode) -> StoreResult<()> {
        let source = &lease.claim.source;
        let (failure, now) = (code.at(at), self.parts.clock.now());
        if !self.parts.stores.ingest_queue.failed(lease.claim, &failure, now).await? {
            return Ok(());
        }
        tracing::info!(source = %source.id, at, code = code.code(), "source failed");
        lease.show_stored().await?;
        self.notify(lease, failure).await
    }

    async fn notify(&self, lease: &Lease<'_>, failure: IngestFailure) -> StoreResult<()> {
        let source = &lease.claim.source;
        let notification = Notification {
            id: NotificationId::new(),
            user_id: source.created_by,
            about: About::SourceFailed {
                notebook_id: source.notebook_id,
                source_name: source.name.clone(),
                message: failure.message,
            },
            created_at: self.parts.clock.now(),
            read_at: None,
        };
        self.parts.stores.notifications.create(&notification).await?;
        let room = Room::User(source.created_by);
        self.parts.fan_out.emit(room, Event::NotificationNew { notification }).await;
        Ok(())
    }
}

fn outcome(ended: Option<&Result<Taken, Stop>>) -> &'static str {
    match ended {
        None => "given_back",
        Some(Ok(Taken::Page)) => "fetched",
        Some(Ok(Taken::In)) => "ready",
        Some(Err(Stop::Lost)) => "lost",
        Some(Err(Stop::Failed { .. })) => "failed",
        Some(Err(Stop::Internal(_))) => "broken_off",
    }
}
