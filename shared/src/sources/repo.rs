//! What storage must do for sources and their versions.

use std::collections::HashSet;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{SegmentId, Source, SourceState, SourceVersion};
use crate::ids::{NotebookId, SourceId, UserId};
use crate::pages::Window;
use crate::storage::StoreResult;

/// What one person keeps here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Owned {
    pub sources: u64,
    /// Of all versions that they added.
    pub bytes: u64,
    /// The same, with what was deleted and is not purged yet.
    pub bytes_kept: u64,
}

/// Sources and their versions. To every method but those that restore or purge it, a source is gone once it is marked
/// as deleted or its notebook is.
#[async_trait]
pub trait SourceRepo: Send + Sync {
    /// Stores a source with its first version; [`StoreError::Missing`](crate::storage::StoreError::Missing) when the
    /// notebook is gone.
    async fn create(&self, source: &Source) -> StoreResult<()>;
    /// Adds the next version in the given state; `None` when the source is gone,
    /// [`StoreError::Conflict`](crate::storage::StoreError::Conflict) when another upload took this version's number.
    async fn add_version(&self, id: SourceId, name: &str, version: &SourceVersion) -> StoreResult<Option<Source>>;
    async fn get(&self, notebook: NotebookId, id: SourceId) -> StoreResult<Option<Source>>;
    /// Renames a source in one step with the check that it is still as it was `seen`: `None` when there is no such
    /// source, [`StoreError::Changed`](crate::storage::StoreError::Changed) when it is not as it was seen.
    async fn rename(
        &self,
        notebook: NotebookId,
        id: SourceId,
        seen: Option<&SourceState>,
        name: &str,
    ) -> StoreResult<Option<Source>>;
    /// The notebook a source belongs to, for access checks that start from the source.
    async fn notebook_of(&self, id: SourceId) -> StoreResult<Option<NotebookId>>;
    /// First added first.
    async fn list(&self, notebook: NotebookId) -> StoreResult<Vec<Source>> {
        self.list_page(notebook, &Window::WHOLE).await
    }
    /// A part of [`list`](Self::list), placed by `created_at` and id.
    async fn list_page(&self, notebook: NotebookId, window: &Window) -> StoreResult<Vec<Source>>;
    /// A version, also an old one that a citation points to.
    async fn version(&self, segment: SegmentId) -> StoreResult<Option<SourceVersion>>;

    /// What `person` keeps: sources that they added, and bytes of the versions that they queued.
    async fn owned_by(&self, person: UserId) -> StoreResult<Owned>;
    /// Passages in the versions of `person` that became ready since then. It counts deleted sources too: the work was
    /// done.
    async fn passages_since(&self, person: UserId, since: Timestamp) -> StoreResult<u64>;

    /// Hides a source from everyone, under the same check as [`rename`](Self::rename). `false` when there is none.
    async fn mark_deleted(
        &self,
        notebook: NotebookId,
        id: SourceId,
        seen: Option<&SourceState>,
        now: Timestamp,
    ) -> StoreResult<bool>;
    /// The deleted sources of a notebook that can be restored, and when each was deleted, last deleted first: the part in
    /// the window, placed by that time and id.
    async fn deleted_in(&self, notebook: NotebookId, window: &Window) -> StoreResult<Vec<(Source, Timestamp)>>;
    /// A deleted source that can be restored, for access checks that start from the source.
    async fn deleted_one(&self, id: SourceId) -> StoreResult<Option<Source>>;
    /// Restores a deleted source; `None` when it is not deleted, or is being purged.
    async fn restore(&self, id: SourceId) -> StoreResult<Option<Source>>;
    /// Before anything of a deleted source is removed: from here on it cannot be restored. `false`: it was restored.
    async fn begin_purge(&self, id: SourceId) -> StoreResult<bool>;
    /// Blob keys of all versions of these sources, hidden sources included.
    async fn blob_keys(&self, ids: &[SourceId]) -> StoreResult<HashSet<String>>;
    /// Sources marked as deleted at `upto` or before that are still to be purged, with their notebook.
    async fn deleted(&self, upto: Timestamp) -> StoreResult<Vec<(NotebookId, SourceId)>>;
    /// Removes a deleted source with its versions, pages and chunks. The caller removes its blobs first.
    async fn purge(&self, id: SourceId) -> StoreResult<()>;
}
