//! Takes queued source versions and makes them searchable. The state of a version is the queue: any number of engines
//! may run this loop on the same store.

mod batches;
mod job;
mod lease;
mod metrics;
mod steps;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use collabry_shared::clock::Clock;
use collabry_shared::config::ExtractionConfig;
use collabry_shared::ids::OwnerId;
use collabry_shared::realtime::FanOut;
use collabry_shared::storage::{StoreResult, Stores};
use collabry_shared::telemetry::trace;
use prometheus_client::registry::Registry;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use tracing::field::Empty;

use self::metrics::Metrics;
use super::extract::Extractor;
use super::fetch::Fetcher;
use crate::embeddings::Embedder;

/// After so long without a sign of life another engine may take over; the database may be away for half of it.
const LEASE: Duration = Duration::from_secs(20);

/// How often abandoned work is looked for; new work is announced by [`Ingestion::nudge`].
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
}

impl Ingestion {
    /// Fails when the machine's TLS roots cannot be used.
    pub fn new(parts: IngestionParts) -> anyhow::Result<Self> {
        let fetcher = Fetcher::new(parts.config.clone())?;
        Ok(Self { parts, fetcher, owner: OwnerId::new(), nudges: watch::Sender::new(()), metrics: Metrics::default() })
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
        let mut nudged = self.nudges.subscribe();
        let mut jobs = JoinSet::new();
        while !shutdown.is_cancelled() {
            nudged.mark_unchanged();
            self.metrics.running(jobs.len());
            if let Err(error) = self.start_work(&mut jobs, &shutdown).await {
                tracing::error!(%error, "ingestion cannot reach the store");
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                _ = nudged.changed() => {}
                Some(ended) = jobs.join_next(), if !jobs.is_empty() => log_panic(ended),
                () = sleep(POLL) => {}
            }
        }
        while let Some(ended) = jobs.join_next().await {
            log_panic(ended);
        }
    }

    async fn start_work(self: &Arc<Self>, jobs: &mut JoinSet<()>, shutdown: &CancellationToken) -> StoreResult<()> {
        while jobs.len() < self.parts.config.concurrency && !shutdown.is_cancelled() {
            let now = self.parts.clock.now();
            let Some(claim) = self.parts.stores.sources.claim(self.owner, now, lease::until(now, LEASE)).await? else {
                break;
            };
            let (ingestion, shutdown) = (Arc::clone(self), shutdown.clone());
            let (source, version) = (claim.source.id, claim.version.version);
            let span = tracing::error_span!(parent: None, "ingestion", %source, version, trace_id = Empty);
            trace::adopt(&span, None);
            jobs.spawn(async move { ingestion.work_on(claim, &shutdown).await }.instrument(span));
            self.metrics.running(jobs.len());
        }
        let now = self.parts.clock.now();
        self.metrics.waiting(self.parts.stores.sources.waiting(now).await?, now);
        Ok(())
    }
}

fn log_panic(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "an ingestion ended unexpectedly; it is tried again when its lease runs out");
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
