//! What storage must do for sources, their versions, pages and chunks.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use jiff::Timestamp;

use super::{
    Chunk, Format, IngestFailure, IngestState, MAX_CRASHES, MAX_INGEST_ATTEMPTS, NotRead, OpenVersion, Page, Retry,
    SegmentId, Source, SourceState, SourceVersion, Wanted,
};
use crate::ids::{NotebookId, OwnerId, SourceId, UserId};
use crate::pages::Window;
use crate::storage::StoreResult;

/// A version that this process may work on until the lease ends.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedVersion {
    pub source: Source,
    pub version: SourceVersion,
    pub owner: OwnerId,
    /// How often it was claimed, this time included.
    pub attempt: u32,
    /// How often its workers died at the point where it is now.
    pub crashes: u32,
}

impl ClaimedVersion {
    pub fn segment(&self) -> SegmentId {
        SegmentId { source_id: self.source.id, version: self.version.version }
    }

    /// Whose share of the work it is.
    pub fn person(&self) -> UserId {
        self.version.queued_by.unwrap_or(self.source.created_by)
    }

    /// The step at which its workers died, once [`MAX_CRASHES`] of them did at the same point: a poison pill, which
    /// nobody shall try again unasked. Whoever holds it records the failure (`ingest_crashed`) and does nothing else.
    pub fn crashed_at(&self) -> Option<&'static str> {
        let in_process = matches!(self.version.state, IngestState::Chunk | IngestState::Embed { .. });
        let limit = if in_process { MAX_CRASHES } else { 2 * MAX_CRASHES };
        (self.crashes >= limit || self.attempt > MAX_INGEST_ATTEMPTS).then(|| match self.version.state {
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

/// What one person keeps here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Owned {
    pub sources: u64,
    /// Of all versions that they added.
    pub bytes: u64,
    /// The same with what was deleted and is not purged yet.
    pub bytes_kept: u64,
}

/// A source marked as deleted, or in a deleted notebook, is gone for every method but those that bring it back or
/// purge it. Methods that take a `claim` change nothing and return `false` when the claim is
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
    /// Gives a source another name; `None` when there is none, [`StoreError::Changed`](crate::storage::StoreError::Changed)
    /// when it is not as it was `seen`: the look and the change are one step.
    async fn rename(
        &self,
        notebook: NotebookId,
        id: SourceId,
        seen: Option<&SourceState>,
        name: &str,
    ) -> StoreResult<Option<Source>>;
    /// The notebook a source belongs to, for rights that are looked up by it.
    async fn notebook_of(&self, id: SourceId) -> StoreResult<Option<NotebookId>>;
    /// First added first.
    async fn list(&self, notebook: NotebookId) -> StoreResult<Vec<Source>> {
        self.list_page(notebook, &Window::WHOLE).await
    }
    /// A part of [`list`](Self::list), placed by `created_at` and id.
    async fn list_page(&self, notebook: NotebookId, window: &Window) -> StoreResult<Vec<Source>>;
    /// A version, also an old one that a citation points to.
    async fn version(&self, segment: SegmentId) -> StoreResult<Option<SourceVersion>>;
    /// Puts a failed latest version back to the end of the queue, as the work of `by`.
    async fn retry(&self, notebook: NotebookId, id: SourceId, by: UserId, now: Timestamp) -> StoreResult<Retry>;

    /// Takes the version whose turn it is of those that are queued, or whose worker's lease has run out: also one that
    /// has crashed too often (see [`ClaimedVersion::crashed_at`]), so that its end is recorded and heard like any other.
    async fn claim_wanted(&self, wanted: &Wanted<'_>) -> StoreResult<Option<ClaimedVersion>>;
    /// As [`claim_wanted`](Self::claim_wanted), whatever it is.
    async fn claim(
        &self,
        owner: OwnerId,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> StoreResult<Option<ClaimedVersion>> {
        let (passed_over, turns) = (HashSet::new(), HashMap::new());
        let wanted = Wanted { owner, now, lease_until, work: None, passed_over: &passed_over, turns: &turns };
        self.claim_wanted(&wanted).await
    }
    /// The versions whose ingestion has not ended, a few thousand at most.
    async fn open_versions(&self, now: Timestamp) -> StoreResult<Vec<OpenVersion>>;
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
    /// Records what the file holds and was not read.
    async fn put_not_read(&self, claim: &ClaimedVersion, not_read: &[NotRead]) -> StoreResult<bool>;
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
    /// All chunks of a segment, by index.
    async fn chunks(&self, segment: SegmentId) -> StoreResult<Vec<Chunk>>;

    /// What `person` keeps: sources that they added, and bytes of the versions that they queued.
    async fn owned_by(&self, person: UserId) -> StoreResult<Owned>;
    /// Passages of the versions of `person` that became ready since then.
    async fn passages_since(&self, person: UserId, since: Timestamp) -> StoreResult<u64>;

    /// Hides a source from everyone, if it is as it was `seen`, as in [`rename`](Self::rename). `false` when there is none.
    async fn mark_deleted(
        &self,
        notebook: NotebookId,
        id: SourceId,
        seen: Option<&SourceState>,
        now: Timestamp,
    ) -> StoreResult<bool>;
    /// The deleted sources of a notebook that can be brought back, and when each was deleted, last deleted first: the part in
    /// the window, placed by that time and id.
    async fn deleted_in(&self, notebook: NotebookId, window: &Window) -> StoreResult<Vec<(Source, Timestamp)>>;
    /// A deleted source that can be brought back, for rights that are looked up by it.
    async fn deleted_one(&self, id: SourceId) -> StoreResult<Option<Source>>;
    /// Brings a deleted source back; `None` when it is not deleted, or is being purged.
    async fn restore(&self, id: SourceId) -> StoreResult<Option<Source>>;
    /// Before anything of a deleted source is removed: it cannot be brought back any more. `false`: it was.
    async fn begin_purge(&self, id: SourceId) -> StoreResult<bool>;
    /// Where the files of these sources lie, of all versions, and also of sources that are only hidden.
    async fn blob_keys(&self, ids: &[SourceId]) -> StoreResult<HashSet<String>>;
    /// Sources marked as deleted at `upto` or before that are still to be purged, with their notebook.
    async fn deleted(&self, upto: Timestamp) -> StoreResult<Vec<(NotebookId, SourceId)>>;
    /// Removes a deleted source with its versions, pages and chunks. Blobs are removed first by the caller.
    async fn purge(&self, id: SourceId) -> StoreResult<()>;
}
