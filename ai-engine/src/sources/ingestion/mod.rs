//! Ingests queued source versions. The state of a version is the queue: any number of engines may run this loop on the
//! same store.

mod blobs;
mod error;
mod fair_semaphore;
mod in_progress;
mod lease;
mod metrics;
mod notification;
mod pipeline;
mod prepared;
mod queue_positions;
mod quota;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use collabry_shared::clock::Clock;
use collabry_shared::config::ExtractionConfig;
use collabry_shared::realtime::FanOut;
use collabry_shared::sources::{ClaimedVersion, Work};
use collabry_shared::storage::StoreResult;
use collabry_shared::stores::Stores;
use collabry_shared::telemetry::trace;
use prometheus_client::registry::Registry;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use tracing::field::Empty;

use self::in_progress::InProgress;
use self::pipeline::Pipeline;
use self::queue_positions::QueuePositions;
use super::extract::Extractor;
use super::extract_child::{NO_LANDLOCK, has_landlock};
use crate::embeddings::Embedder;

/// How often the loop looks for abandoned work and publishes the positions in the queue; [`Ingestion::nudge`] announces
/// new work.
const POLL: Duration = Duration::from_secs(5);

/// What ingestion works with.
#[derive(Clone)]
pub struct IngestionParts {
    pub stores: Stores,
    pub fan_out: Arc<dyn FanOut>,
    pub embedder: Arc<dyn Embedder>,
    pub clock: Arc<dyn Clock>,
    pub extractor: Extractor,
    pub config: ExtractionConfig,
}

/// The ingestion loop of one process.
pub struct Ingestion {
    pipeline: Arc<Pipeline>,
}

impl Ingestion {
    /// Fails when the machine's TLS roots cannot be used.
    pub fn new(parts: IngestionParts) -> anyhow::Result<Self> {
        Ok(Self { pipeline: Arc::new(Pipeline::new(parts)?) })
    }

    /// Announces that something was queued or deleted.
    pub fn nudge(&self) {
        self.pipeline.nudge();
    }

    /// Adds the counters and gauges of ingestion.
    pub(crate) fn register(&self, registry: &mut Registry) {
        self.pipeline.metrics.register(registry);
    }

    /// Ingests until `shutdown`; then releases what is unfinished and returns.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        if !has_landlock() {
            tracing::warn!("{NO_LANDLOCK}");
        }
        let Pipeline { parts, metrics, .. } = self.pipeline.as_ref();
        let mut nudges = self.pipeline.nudges();
        let (mut tasks, mut in_progress) = (JoinSet::new(), InProgress::new(parts.config.concurrency));
        let (mut positions, mut tick) = (QueuePositions::default(), Instant::now());
        while !shutdown.is_cancelled() {
            nudges.mark_unchanged();
            if let Err(error) = self.start_queued(&mut tasks, &mut in_progress, &shutdown).await {
                tracing::error!(%error, "ingestion cannot reach the store");
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                _ = nudges.changed() => {}
                Some(ended) = tasks.join_next_with_id(), if !tasks.is_empty() => in_progress.remove(task_of(ended)),
                () = sleep_until(tick + POLL) => {
                    tick = Instant::now();
                    if let Err(error) = positions.publish(parts).await {
                        tracing::error!(%error, "queue positions could not be published");
                    }
                }
            }
            metrics.running(tasks.len());
        }
        while let Some(ended) = tasks.join_next_with_id().await {
            task_of(ended);
        }
    }

    /// Starts what is queued, as far as there is room for it.
    async fn start_queued(
        &self,
        tasks: &mut JoinSet<()>,
        in_progress: &mut InProgress,
        shutdown: &CancellationToken,
    ) -> StoreResult<()> {
        let Pipeline { parts, metrics, .. } = self.pipeline.as_ref();
        for work in Work::ALL {
            while in_progress.has_room_for(work) && !shutdown.is_cancelled() {
                let Some(claim) = self.pipeline.claim(work, in_progress).await? else { break };
                let person = claim.person();
                in_progress.insert(self.spawn(tasks, claim, shutdown), work, person);
                metrics.running(tasks.len());
            }
        }
        let now = parts.clock.now();
        metrics.waiting(parts.stores.ingest_queue.depth(now).await?, now);
        Ok(())
    }

    fn spawn(&self, tasks: &mut JoinSet<()>, claim: ClaimedVersion, shutdown: &CancellationToken) -> Id {
        let (pipeline, shutdown) = (Arc::clone(&self.pipeline), shutdown.clone());
        let (source, version) = (claim.source.id, claim.version.version);
        let span = tracing::error_span!(parent: None, "ingestion", %source, version, trace_id = Empty);
        trace::adopt(&span, None);
        tasks.spawn(async move { pipeline.process(claim, &shutdown).await }.instrument(span)).id()
    }
}

/// The id of the task that ended, also when it panicked.
fn task_of(ended: Result<(Id, ()), JoinError>) -> Id {
    match ended {
        Ok((id, ())) => id,
        Err(error) => {
            tracing::error!(%error, "ingestion panicked; it will be tried again when its lease expires");
            error.id()
        }
    }
}

impl fmt::Debug for Ingestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ingestion").field("owner", &self.pipeline.owner).finish_non_exhaustive()
    }
}

impl fmt::Debug for IngestionParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IngestionParts").field("config", &self.config).finish_non_exhaustive()
    }
}
