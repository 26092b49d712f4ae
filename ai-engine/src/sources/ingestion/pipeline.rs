//! The way of a source version: claim, fetch, extract, chunk, embed, and then ready or failed.

use std::sync::Arc;
use std::time::Duration;

use collabry_shared::ids::OwnerId;
use collabry_shared::sources::{
    Chunk, ClaimRequest, ClaimedVersion, FailureCode, Format, IngestState, Origin, SourceVersion, Work,
};
use collabry_shared::storage::StoreResult;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::error::{IngestError, fenced};
use super::fair_semaphore::{FairSemaphore, Request};
use super::in_progress::InProgress;
use super::lease::{self, LEASE, Lease};
use super::metrics::Metrics;
use super::prepared::Prepared;
use super::{IngestionParts, blobs, notification, quota};
use crate::embeddings::{EmbedError, Priority};
use crate::retrieval::searched_text;
use crate::sources::document::Document;
use crate::sources::fetch::Fetcher;

/// Titles of web pages can be of any length.
const MAX_NAME_CHARS: usize = 200;

/// Passages that are embedded and stored at a time: about half a second of work for two cores, so that progress shows
/// and writers in between do not wait long.
const BATCH: usize = 16;

/// How long to wait before asking a busy embedder again.
const BUSY_WAIT: Duration = Duration::from_millis(250);

/// How far an ingestion that succeeded took its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    /// The page is stored, and queued like any other file.
    Fetched,
    /// The version is searchable.
    Ready,
}

/// The steps of an ingestion, and what they share in one process.
pub(super) struct Pipeline {
    pub parts: IngestionParts,
    pub metrics: Metrics,
    pub owner: OwnerId,
    nudges: watch::Sender<()>,
    fetcher: Fetcher,
    /// For extraction: one permit more than one person can hold.
    extraction: Arc<FairSemaphore>,
    /// For embedding, a batch of passages at a time.
    embedding: Arc<FairSemaphore>,
}

impl Pipeline {
    /// Fails when the machine's TLS roots cannot be used.
    pub fn new(parts: IngestionParts) -> anyhow::Result<Self> {
        let concurrency = parts.config.concurrency;
        Ok(Self {
            metrics: Metrics::default(),
            owner: OwnerId::new(),
            nudges: watch::Sender::new(()),
            fetcher: Fetcher::new(parts.config.clone())?,
            extraction: FairSemaphore::new(concurrency + 1, concurrency),
            embedding: FairSemaphore::new(concurrency, concurrency),
            parts,
        })
    }

    /// Announces that something was queued or deleted.
    pub fn nudge(&self) {
        self.nudges.send_replace(());
    }

    pub fn nudges(&self) -> watch::Receiver<()> {
        self.nudges.subscribe()
    }

    /// Claims the version that comes next for `work`.
    pub async fn claim(&self, work: Work, in_progress: &InProgress) -> StoreResult<Option<ClaimedVersion>> {
        let (now, passed_over) = (self.parts.clock.now(), in_progress.people_at_limit(work));
        let request = ClaimRequest {
            owner: self.owner,
            now,
            lease_until: lease::until(now, LEASE),
            work: Some(work),
            passed_over: &passed_over,
            turns: in_progress.last_served(),
        };
        self.parts.stores.ingest_queue.claim_next(&request).await
    }

    /// Takes a claimed version through the steps that it still needs, and records how that ended.
    pub async fn process(&self, claim: ClaimedVersion, shutdown: &CancellationToken) {
        let (lease, started) = (Lease::new(&self.parts, &claim), Instant::now());
        let result = if let Some(at) = claim.crashed_at() {
            Err(IngestError::Failed { at, code: FailureCode::IngestCrashed })
        } else {
            // Dropping the steps ends whatever they are doing, the extraction child included.
            tokio::select! {
                biased;
                () = shutdown.cancelled() => Err(IngestError::ShuttingDown),
                () = lease.keep(self.nudges()) => Err(IngestError::LeaseLost),
                result = Box::pin(self.run_steps(&lease)) => result,
            }
        };
        self.metrics.ended(outcome(&result), started.elapsed());
        if let Err(error) = self.record(&lease, result).await {
            tracing::error!(%error, source = %claim.source.id, "the outcome of an ingestion could not be recorded");
        }
    }

    /// From the stored file to a searchable segment; a web page first becomes a stored file.
    async fn run_steps(&self, lease: &Lease<'_>) -> Result<Done, IngestError> {
        if let (Origin::Url { url }, Format::Web) = (&lease.claim.source.origin, lease.claim.version.format) {
            self.fetch(lease, url).await?;
            return Ok(Done::Fetched);
        }
        // An earlier attempt may have left part of a segment.
        fenced(self.parts.stores.segments.clear_segment(lease.claim).await)?;
        let document = self.extract(lease).await?;
        let page_count = u32::try_from(document.pages.len()).ok().filter(|pages| *pages > 0);
        let passages = self.chunk(lease, document, page_count).await?;
        let chunk_count = self.embed(lease, passages).await?;
        let now = self.parts.clock.now();
        fenced(self.parts.stores.ingest_queue.ready(lease.claim, page_count, chunk_count, now).await)?;
        Ok(Done::Ready)
    }

    /// Fetches the page and stores it as the version's blob.
    async fn fetch(&self, lease: &Lease<'_>, url: &Url) -> Result<(), IngestError> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("page");
        lease.enter(IngestState::Fetch).await?;
        let fetched = self.fetcher.fetch(url, &file).await.map_err(|code| IngestError::Failed { at: "fetch", code })?;
        blobs::upload(&self.parts.stores, lease, &file).await?;
        let recorded = lease.fetched(&truncated(fetched.url.as_str()), fetched.format, fetched.size).await;
        if let Err(IngestError::LeaseLost) = recorded {
            blobs::delete_if_orphaned(&self.parts.stores, lease).await?;
        }
        recorded
    }

    /// Reads the document out of its file, in a private folder that is deleted afterwards.
    async fn extract(&self, lease: &Lease<'_>) -> Result<Document, IngestError> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("input");
        let SourceVersion { format, size, .. } = lease.claim.version;
        let permit = self.extraction.acquire(Request { person: lease.claim.person(), cost: 1, remaining: size }).await;
        blobs::download(&self.parts.stores, lease, &file).await?;
        lease.enter(IngestState::Extract).await?;
        let extracted = self.parts.extractor.extract(format, &file, folder.path()).await;
        drop(permit);
        let document = extracted.map_err(|code| IngestError::Failed { at: "extract", code })?;
        if let (Origin::Url { .. }, Some(title)) = (&lease.claim.source.origin, &document.title) {
            lease.fetched(&truncated(title), format, size).await?;
        }
        Ok(document)
    }

    /// Cuts the document into passages, and stores its pages and what could not be read of it.
    async fn chunk(
        &self,
        lease: &Lease<'_>,
        document: Document,
        page_count: Option<u32>,
    ) -> Result<Vec<Chunk>, IngestError> {
        let not_read = document.not_read(page_count);
        lease.enter(IngestState::Chunk).await?;
        let Prepared { pages, passages } = spawn_blocking(move || Prepared::from(&document)).await?;
        quota::check(&self.parts, lease, passages.len()).await?;
        fenced(self.parts.stores.ingest_queue.put_not_read(lease.claim, &not_read).await)?;
        fenced(self.parts.stores.segments.put_pages(lease.claim, &pages).await)?;
        Ok(passages)
    }

    /// Embeds and stores all passages; returns how many there were.
    async fn embed(&self, lease: &Lease<'_>, mut passages: Vec<Chunk>) -> Result<u32, IngestError> {
        let total = u32::try_from(passages.len())?;
        let mut done = 0;
        lease.enter(IngestState::Embed { done, total }).await?;
        for batch in passages.chunks_mut(BATCH) {
            // Between two batches other people's passages are embedded.
            let (cost, remaining) = (batch.len() as u64, u64::from(total - done));
            let permit = self.embedding.acquire(Request { person: lease.claim.person(), cost, remaining }).await;
            let vectors = self.vectors(batch.iter().map(searched_text).collect()).await?;
            drop(permit);
            if vectors.len() != batch.len() {
                return Err(embedding_failed("the embedder returned another number of vectors"));
            }
            for (chunk, vector) in batch.iter_mut().zip(vectors) {
                chunk.embedding = vector;
            }
            fenced(self.parts.stores.segments.put_chunks(lease.claim, batch).await)?;
            done += u32::try_from(batch.len())?;
            lease.enter(IngestState::Embed { done, total }).await?;
        }
        Ok(total)
    }

    /// Waits for a busy embedder for as long as the lease is held.
    async fn vectors(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, IngestError> {
        loop {
            match self.parts.embedder.embed(texts.clone(), Priority::Background).await {
                Ok(vectors) => return Ok(vectors),
                Err(EmbedError::Busy) => sleep(BUSY_WAIT).await,
                Err(EmbedError::Model(error)) => return Err(embedding_failed(&error)),
            }
        }
    }

    async fn record(&self, lease: &Lease<'_>, result: Result<Done, IngestError>) -> StoreResult<()> {
        let (source, version) = (lease.claim.source.id, lease.claim.version.version);
        match result {
            Ok(Done::Ready) => {
                tracing::info!(%source, version, "source ready");
                lease.publish_stored().await?;
            }
            Ok(Done::Fetched) => {
                self.parts.stores.ingest_queue.release(lease.claim, self.parts.clock.now()).await?;
                tracing::info!(%source, version, "page fetched and queued for extraction");
                lease.publish_stored().await?;
                self.nudge();
            }
            Err(IngestError::ShuttingDown) => {
                self.parts.stores.ingest_queue.release(lease.claim, self.parts.clock.now()).await?;
                tracing::info!(%source, version, "ingestion released at shutdown");
            }
            Err(IngestError::LeaseLost) => {
                tracing::info!(%source, version, "ingestion stopped: source taken over or deleted");
            }
            Err(IngestError::Failed { at, code }) => self.fail(lease, at, code).await?,
            Err(IngestError::Internal(error)) => {
                let error = format!("{error:#}");
                tracing::error!(%source, version, error, "ingestion broke off; it will be tried again");
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
        lease.publish_stored().await?;
        notification::notify(&self.parts, source, failure).await
    }
}

fn truncated(name: &str) -> String {
    name.chars().take(MAX_NAME_CHARS).collect()
}

fn embedding_failed(error: &str) -> IngestError {
    tracing::error!(error, "embedding of passages failed");
    IngestError::Failed { at: "embed", code: FailureCode::EmbeddingFailed }
}

/// The label of the outcome in metrics.
fn outcome(result: &Result<Done, IngestError>) -> &'static str {
    match result {
        Ok(Done::Fetched) => "fetched",
        Ok(Done::Ready) => "ready",
        Err(IngestError::ShuttingDown) => "given_back",
        Err(IngestError::LeaseLost) => "lost",
        Err(IngestError::Failed { .. }) => "failed",
        Err(IngestError::Internal(_)) => "broken_off",
    }
}
