//! What storage must do for sources, their versions, pages and chunks.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Chunk, Format, IngestFailure, IngestState, MAX_INGEST_ATTEMPTS, Page, SegmentId, Source, SourceVersion};
use crate::ids::{NotebookId, OwnerId, SourceId};
use crate::storage::StoreResult;

/// A version that this process may work on until the lease ends.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedVersion {
    pub source: Source,
    pub version: SourceVersion,
    pub owner: OwnerId,
    /// How often it was claimed, this time included.
    pub attempt: u32,
}

impl ClaimedVersion {
    pub fn segment(&self) -> SegmentId {
        SegmentId { source_id: self.source.id, version: self.version.version }
    }

    /// The step at which its workers died, once [`MAX_INGEST_ATTEMPTS`] of them have: a poison pill, which nobody shall
    /// try again unasked. Whoever holds it records the failure (`ingest_crashed`) and does nothing else.
    pub fn crashed_at(&self) -> Option<&'static str> {
        (self.attempt > MAX_INGEST_ATTEMPTS).then(|| match self.version.state {
            IngestState::Chunk => "chunk",
            IngestState::Embed { .. } => "embed",
            IngestState::Fetch => "fetch",
            IngestState::Queued if self.version.format == Format::Web => "fetch",
            _ => "extract",
        })
    }
}

/// The versions that wait for an ai-engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub count: u64,
    /// When the oldest was added; `None`: none waits.
    pub since: Option<Timestamp>,
}

/// A source marked as deleted, or in a deleted notebook, is gone for every method but [`purge`](SourceRepo::purge) and
/// [`deleted`](SourceRepo::deleted). Methods that take a `claim` change nothing and return `false` when the claim is
/// lost: the lease ran out and another process took over, or the source was deleted.
#[async_trait]
pub trait SourceRepo: Send + Sync {
    /// Stores a source with its first version; [`StoreError::Missing`](crate::storage::StoreError::Missing) when the
    /// notebook is gone.
    async fn create(&self, source: &Source) -> StoreResult<()>;
    /// Adds the next version in the given state; `None` when the source is gone,
    /// [`StoreError::Conflict`](crate::storage::StoreError::Conflict) when another upload took this version's number.
    async fn add_version(&self, id: SourceId, name: &str, version: &SourceVersion) -> StoreResult<Option<Source>>;
    async fn get(&self, notebook: NotebookId, id: SourceId) -> StoreResult<Option<Source>>;
    /// The notebook a source belongs to, for rights that are looked up by it.
    async fn notebook_of(&self, id: SourceId) -> StoreResult<Option<NotebookId>>;
    /// First added first.
    async fn list(&self, notebook: NotebookId) -> StoreResult<Vec<Source>>;
    /// A version, also an old one that a citation points to.
    async fn version(&self, segment: SegmentId) -> StoreResult<Option<SourceVersion>>;
    /// Puts a failed latest version back to `Queued`; `None` when it has not failed.
    async fn retry(&self, notebook: NotebookId, id: SourceId, now: Timestamp) -> StoreResult<Option<Source>>;

    /// Takes the oldest version that is queued, or whose worker's lease has run out, until `lease_until`: also one that
    /// has crashed too often (see [`ClaimedVersion::crashed_at`]), so that its end is recorded and heard like any other.
    async fn claim(
        &self,
        owner: OwnerId,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> StoreResult<Option<ClaimedVersion>>;
    /// What [`claim`](Self::claim) would take, one after the other.
    async fn waiting(&self, now: Timestamp) -> StoreResult<Waiting>;
    /// Records progress and renews the lease.
    async fn progress(
        &self,
        claim: &ClaimedVersion,
        state: &IngestState,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> StoreResult<bool>;
    /// Records what a fetched page turned out to be.
    async fn fetched(&self, claim: &ClaimedVersion, name: &str, format: Format, size: u64) -> StoreResult<bool>;
    /// Replaces the pages of the segment.
    async fn put_pages(&self, claim: &ClaimedVersion, pages: &[Page]) -> StoreResult<bool>;
    /// Adds chunks; storing an index again replaces it, so a resumed ingestion makes no duplicates.
    async fn put_chunks(&self, claim: &ClaimedVersion, chunks: &[Chunk]) -> StoreResult<bool>;
    /// Drops what an earlier attempt stored.
    async fn clear_segment(&self, claim: &ClaimedVersion) -> StoreResult<bool>;
    /// Makes the version searchable.
    async fn ready(
        &self,
        claim: &ClaimedVersion,
        page_count: Option<u32>,
        chunk_count: u32,
        now: Timestamp,
    ) -> StoreResult<bool>;
    async fn failed(&self, claim: &ClaimedVersion, failure: &IngestFailure, now: Timestamp) -> StoreResult<bool>;
    /// Gives an unfinished claim back to the queue, at shutdown.
    async fn release(&self, claim: &ClaimedVersion, now: Timestamp) -> StoreResult<bool>;
    /// Lets every lease end now: for the start of a process that knows that it is the only one to use its storage.
    async fn end_leases(&self, now: Timestamp) -> StoreResult<()>;

    async fn page(&self, segment: SegmentId, number: u32) -> StoreResult<Option<Page>>;
    /// The page on which code point `offset` of the document lies; past the end, the last page.
    async fn page_at(&self, segment: SegmentId, offset: u64) -> StoreResult<Option<Page>>;
    /// All chunks of a segment, by index.
    async fn chunks(&self, segment: SegmentId) -> StoreResult<Vec<Chunk>>;

    /// Hides a source from everyone. `false` when there is none.
    async fn mark_deleted(&self, notebook: NotebookId, id: SourceId, now: Timestamp) -> StoreResult<bool>;
    /// Sources marked as deleted at `upto` or before that are still to be purged, with their notebook.
    async fn deleted(&self, upto: Timestamp) -> StoreResult<Vec<(NotebookId, SourceId)>>;
    /// Removes a deleted source with its versions, pages and chunks. Blobs are removed first by the caller.
    async fn purge(&self, id: SourceId) -> StoreResult<()>;
}
