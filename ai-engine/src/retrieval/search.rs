//! Search over the segments that a request names, loading those that are not in memory.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use collabry_shared::engine::{EngineError, SearchHit, SearchRequest};
use collabry_shared::sources::{SegmentId, SegmentRepo};
use futures::stream::{self, StreamExt, TryStreamExt};
use prometheus_client::registry::Registry;
use tokio::sync::Semaphore;
use tracing::Instrument as _;

use super::Search;
use super::cache::SegmentCache;
use super::metrics::Metrics;
use super::pool::Pool;
use super::rank::rank;
use super::segment::Segment;
use crate::embeddings::{EmbedError, Embedder, Priority};

/// The most concurrent searches; further ones are rejected. Each waits for the threads that compute.
const MAX_SEARCHES: usize = 64;

/// The most segments that one search loads at a time.
const CONCURRENT_LOADS: usize = 4;

const MAX_LIMIT: u32 = 100;

/// Vector and text search over segments kept in memory, fused into one ranking.
pub struct Retrieval {
    repo: Arc<dyn SegmentRepo>,
    embedder: Arc<dyn Embedder>,
    segments: SegmentCache,
    pool: Arc<Pool>,
    permits: Semaphore,
    metrics: Metrics,
}

impl Retrieval {
    /// Segments are cached up to `memory_bytes`. `threads` threads compute, 0 meaning one for each core.
    pub fn new(
        repo: Arc<dyn SegmentRepo>,
        embedder: Arc<dyn Embedder>,
        memory_bytes: u64,
        threads: usize,
    ) -> Result<Self, EngineError> {
        let budget = usize::try_from(memory_bytes).unwrap_or(usize::MAX);
        let pool = Arc::new(Pool::start(threads)?);
        let (segments, permits) = (SegmentCache::new(budget), Semaphore::new(MAX_SEARCHES));
        Ok(Self { repo, embedder, segments, pool, permits, metrics: Metrics::default() })
    }

    /// Registers the metrics of searches.
    pub fn register(&self, registry: &mut Registry) {
        self.metrics.register(registry);
    }

    /// The memory of loaded segments, in bytes.
    pub fn memory_used(&self) -> usize {
        self.segments.bytes()
    }

    /// The segments that have chunks.
    async fn segments(&self, ids: &[SegmentId]) -> Result<Vec<Arc<Segment>>, EngineError> {
        let ids: BTreeSet<_> = ids.iter().copied().collect();
        let loads = ids.into_iter().map(|id| self.segments.get_or_load(id, self.load(id)));
        stream::iter(loads).buffered(CONCURRENT_LOADS).try_filter_map(async |segment| Ok(segment)).try_collect().await
    }

    async fn load(&self, id: SegmentId) -> Result<Option<Segment>, EngineError> {
        let chunks = self.repo.chunks(id).await?;
        if chunks.is_empty() {
            return Ok(None);
        }
        self.metrics.loaded();
        let dimensions = self.embedder.dimensions();
        self.pool.run(move || Segment::build(id, chunks, dimensions)).await.map(Some)
    }

    async fn find(&self, request: &SearchRequest) -> Result<Vec<SearchHit>, EngineError> {
        let embedding = self.metrics.step("embed", self.vector(&request.query));
        let loading = self.metrics.step("load", self.segments(&request.segments));
        let (vector, segments) = tokio::try_join!(embedding, loading)?;
        let limit = request.limit.clamp(1, MAX_LIMIT) as usize;
        let query = request.query.clone();
        self.metrics.step("rank", self.pool.run(move || rank(&segments, &query, &vector, limit))).await
    }

    async fn vector(&self, query: &str) -> Result<Vec<f32>, EngineError> {
        let vectors = self.embedder.embed(vec![query.to_owned()], Priority::Query).await;
        let vectors = vectors.map_err(|error| match error {
            EmbedError::Busy => EngineError::Busy,
            EmbedError::Model(_) => EngineError::Internal(error.to_string()),
        })?;
        let vector = vectors.into_iter().next().filter(|vector| vector.len() == self.embedder.dimensions());
        vector.ok_or_else(|| EngineError::Internal("the embedder returned no vector".to_owned()))
    }
}

#[async_trait]
impl Search for Retrieval {
    async fn search(&self, request: &SearchRequest) -> Result<Vec<SearchHit>, EngineError> {
        let Ok(_permit) = self.permits.try_acquire() else { return Err(EngineError::Busy) };
        if request.segments.is_empty() || request.query.trim().is_empty() {
            return Ok(Vec::new());
        }
        let span = tracing::error_span!("search", segments = request.segments.len());
        self.metrics.step("all", self.find(request)).instrument(span).await
    }
}

impl fmt::Debug for Retrieval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retrieval").field("memory_used", &self.memory_used()).finish_non_exhaustive()
    }
}
