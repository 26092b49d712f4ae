//! What storage must do for the ingestion queue, which the states of source versions form.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use jiff::Timestamp;

use super::{
    ClaimRequest, Format, IngestFailure, IngestState, MAX_CRASHES, MAX_INGEST_ATTEMPTS, NotRead, OpenVersion, Retry,
    SegmentId, Source, SourceVersion,
};
use crate::ids::{NotebookId, OwnerId, SourceId, UserId};
use crate::storage::StoreResult;

/// A version that this process may work on until the lease ends.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedVersion {
    pub source: Source,
    pub version: SourceVersion,
    pub owner: OwnerId,
    /// Number of claims, this one included.
    pub attempt: u32,
    /// Number of workers that died at the point where it is now.
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

    /// The step at which its workers died, once [`MAX_CRASHES`] of them died at the same point: nobody tries such a
    /// poison pill again without being asked. Whoever claimed it records the failure (`ingest_crashed`) and does nothing
    /// else.
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueDepth {
    pub count: u64,
    /// When the oldest was added; `None`: none is waiting.
    pub since: Option<Timestamp>,
}

/// Source versions as a work queue. Methods that take a `claim` change nothing and return `false` when the claim is
/// lost: its lease ran out and another process claimed the version, or the source was deleted.
#[async_trait]
pub trait IngestQueue: Send + Sync {
    /// Claims the version whose turn it is, of those that are queued and those whose lease has run out. That includes a
    /// version that crashed too many times (see [`ClaimedVersion::crashed_at`]), so that its end is recorded and
    /// published like any other.
    async fn claim_next(&self, request: &ClaimRequest<'_>) -> StoreResult<Option<ClaimedVersion>>;
    /// As [`claim_next`](Self::claim_next), for work of any kind and any person.
    async fn claim(
        &self,
        owner: OwnerId,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> StoreResult<Option<ClaimedVersion>> {
        let (passed_over, turns) = (HashSet::new(), HashMap::new());
        let request = ClaimRequest { owner, now, lease_until, work: None, passed_over: &passed_over, turns: &turns };
        self.claim_next(&request).await
    }
    /// The versions whose ingestion has not ended, a few thousand at most.
    async fn open_versions(&self, now: Timestamp) -> StoreResult<Vec<OpenVersion>>;
    /// How many versions [`claim`](Self::claim) would return, one after the other.
    async fn depth(&self, now: Timestamp) -> StoreResult<QueueDepth>;
    /// Puts a failed latest version back to the end of the queue, as the work of `by`.
    async fn retry(&self, notebook: NotebookId, id: SourceId, by: UserId, now: Timestamp) -> StoreResult<Retry>;

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
    /// Records what the file holds that was not read.
    async fn put_not_read(&self, claim: &ClaimedVersion, not_read: &[NotRead]) -> StoreResult<bool>;
    /// Makes the version searchable.
    async fn ready(
        &self,
        claim: &ClaimedVersion,
        page_count: Option<u32>,
        chunk_count: u32,
        now: Timestamp,
    ) -> StoreResult<bool>;
    async fn failed(&self, claim: &ClaimedVersion, failure: &IngestFailure, now: Timestamp) -> StoreResult<bool>;
    /// Returns an unfinished claim to the queue, at shutdown.
    async fn release(&self, claim: &ClaimedVersion, now: Timestamp) -> StoreResult<bool>;
    /// Ends every lease now: for the start of a process that knows that no other uses its storage.
    async fn end_leases(&self, now: Timestamp) -> StoreResult<()>;
}
