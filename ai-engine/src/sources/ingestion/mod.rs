//! Takes queued source versions and makes them searchable. The state of a version is the queue: any number of engines
//! may run this loop on the same store.

mod batches;
mod job;
mod lease;
mod metrics;
mod places;
mod queue;
mod steps;
mod turns;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use collabry_shared::clock::Clock;
use collabry_shared::config::ExtractionConfig;
use collabry_shared::ids::OwnerId;
use collabry_shared::realtime::FanOut;
use collabry_shared::sources::{ClaimRequest, ClaimedVersion, Work};
use collabry_shared::storage::StoreResult;
use collabry_shared::stores::Stores;
use collabry_shared::telemetry::trace;
use prometheus_client::registry::Registry;
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use tracing::field::Empty;

use self::metrics::Metrics;
use self::places::Places;
use self::queue::Queue;
use self::turns::Turns;
use super::extract::Extractor;
use super::extract_child::{NO_LANDLOCK, landlock_is_there};
use super::fetch::Fetcher;
use crate::embeddings::Embedder;

/// After so long without a sign of life another engine may take over; the database may be away for half of it.
const LEASE: Duration = Duration::from_secs(20);

/// How often abandoned work is looked for, and people are told how long their queue is; new work is announced by
/// [`Ingestion::nudge`].
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
    parts: IngestionParts,
    fetcher: Fetcher,
    owner: OwnerId,
    nudges: watch::Sender<()>,
    metrics: Metrics,
    /// At reading files: a place more than one person can have.
    reading: Arc<Turns>,
    /// At embedding, some passages at a time.
    embedding: Arc<Turns>,
}

impl Ingestion {
    /// Fails when the machine's TLS roots cannot be used.
    pub fn new(parts: IngestionParts) -> anyhow::Result<Self> {
        let fetcher = Fetcher::new(parts.config.clone())?;
        let concurrency = parts.config.concurrency;
        Ok(Self {
            fetcher,
            owner: OwnerId::new(),
            nudges: watch::Sender::new(()),
            metrics: Metrics::default(),
            reading: Turns::new(concurrency + 1, concurrency),
            embedding: Turns::new(concurrency, concurrency),
            parts,
        })
    }

    /// Says that something was queued or deleted.
    pub fn nudge(&self) {
        self.nudges.send_replace(());
    }

    /// Adds the counters and gauges of ingestion.
    pub(crate) fn register(&self, registry: &mut Registry) {
        self.metrics.register(registry);
    }

    /// Works until `shutdown`; then gives back what is unfinished and returns.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        if !landlock_is_there() {
            tracing::warn!("{NO_LANDLOCK}");
        }
        let mut nudged = self.nudges.subscribe();
        let (mut jobs, mut places) = (JoinSet::new(), Places::new(self.parts.config.concurrency));
        let (mut queue, mut tick) = (Queue::default(), Instant::now());
        while !shutdown.is_cancelled() {
            nudged.mark_unchanged();
            if let Err(error) = self.start_work(&mut jobs, &mut places, &shutdown).await {
                tracing::error!(%error, "ingestion cannot reach the store");
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                _ = nudged.changed() => {}
                Some(ended) = jobs.join_next_with_id(), if !jobs.is_empty() => places.leave(task_of(ended)),
                () = sleep_until(tick + POLL) => {
                    tick = Instant::now();
                    if let Err(error) = queue.tell(&self.parts).await {
                        tracing::error!(%error, "the queue cannot be told");
                    }
                }
            }
            self.metrics.running(jobs.len());
        }
        while let Some(ended) = jobs.join_next_with_id().await {
            task_of(ended);
        }
    }

    async fn start_work(
        self: &Arc<Self>,
        jobs: &mut JoinSet<()>,
        places: &mut Places,
        shutdown: &CancellationToken,
    ) -> StoreResult<()> {
        for work in Work::ALL {
            while places.is_free(work) && !shutdown.is_cancelled() {
                let Some(claim) = self.claim(work, places).await? else { break };
                let person = claim.person();
                places.take(self.start(jobs, claim, shutdown), work, person);
                self.metrics.running(jobs.len());
            }
        }
        let now = self.parts.clock.now();
        self.metrics.waiting(self.parts.stores.ingest_queue.depth(now).await?, now);
        Ok(())
    }

    async fn claim(&self, work: Work, places: &Places) -> StoreResult<Option<ClaimedVersion>> {
        let (now, passed_over) = (self.parts.clock.now(), places.full(work));
        let request = ClaimRequest {
            owner: self.owner,
            now,
            lease_until: lease::until(now, LEASE),
            work: Some(work),
            passed_over: &passed_over,
            turns: places.turns(),
        };
        self.parts.stores.ingest_queue.claim_next(&request).await
    }

    fn start(self: &Arc<Self>, jobs: &mut JoinSet<()>, claim: ClaimedVersion, shutdown: &CancellationToken) -> Id {
        let (ingestion, shutdown) = (Arc::clone(self), shutdown.clone());
        let (source, version) = (claim.source.id, claim.version.version);
        let span = tracing::error_span!(parent: None, "ingestion", %source, version, trace_id = Empty);
        trace::adopt(&span, None);
        jobs.spawn(async move { ingestion.work_on(claim, &shutdown).await }.instrument(span)).id()
    }
}

/// The task that ended, however it did.
fn task_of(ended: Result<(Id, ()), JoinError>) -> Id {
    match ended {
        Ok((id, ())) => id,
        Err(error) => {
            tracing::error!(%error, "an ingestion ended unexpectedly; it is tried again when its lease runs out");
            error.id()
        }
    }
}

impl fmt::Debug for Ingestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ingestion").field("owner", &self.owner).finish_non_exhaustive()
    }
}

impl fmt::Debug for IngestionParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IngestionParts").field("config", &self.config).finish_non_exhaustive()
    }
}
