//! What storage must do for segments: the pages and chunks of source versions.

use async_trait::async_trait;

use super::{Chunk, ClaimedVersion, Page, SegmentId};
use crate::storage::StoreResult;

/// Pages and chunks. The methods that write do so under a claim, as in [`IngestQueue`](super::IngestQueue): `false`, and
/// nothing changes, when the claim is lost. To those that read, the segments of a deleted source are gone.
#[async_trait]
pub trait SegmentRepo: Send + Sync {
    /// Replaces the pages of the segment.
    async fn put_pages(&self, claim: &ClaimedVersion, pages: &[Page]) -> StoreResult<bool>;
    /// Adds chunks; storing an index again replaces it, so a resumed ingestion makes no duplicates.
    async fn put_chunks(&self, claim: &ClaimedVersion, chunks: &[Chunk]) -> StoreResult<bool>;
    /// Removes what an earlier attempt stored.
    async fn clear_segment(&self, claim: &ClaimedVersion) -> StoreResult<bool>;

    async fn page(&self, segment: SegmentId, number: u32) -> StoreResult<Option<Page>>;
    /// All chunks of a segment, by index.
    async fn chunks(&self, segment: SegmentId) -> StoreResult<Vec<Chunk>>;
}
