//! What storage must do for notebooks.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Notebook, NotebookState, Role, Title};
use crate::ids::{NotebookId, UserId};
use crate::pages::Window;
use crate::storage::StoreResult;

/// Notebooks. To every method but those that restore or purge it, a notebook is gone once it is
/// [marked as deleted](NotebookRepo::mark_deleted).
#[async_trait]
pub trait NotebookRepo: Send + Sync {
    /// Stores a notebook with its creator as owner.
    async fn create(&self, notebook: &Notebook) -> StoreResult<()>;
    async fn get(&self, id: NotebookId) -> StoreResult<Option<Notebook>>;
    /// The notebooks that `user` is a member of with their role, last changed first.
    async fn list_for(&self, user: UserId) -> StoreResult<Vec<(Notebook, Role)>> {
        self.list_page(user, &Window::WHOLE).await
    }
    /// A part of [`list_for`](Self::list_for), placed by `updated_at` and id.
    async fn list_page(&self, user: UserId, window: &Window) -> StoreResult<Vec<(Notebook, Role)>>;
    /// The number of notebooks that `user` owns.
    async fn count_owned(&self, user: UserId) -> StoreResult<u64>;
    /// Renames a notebook in one step with the check that it is still as it was `seen`: `None` when there is no such
    /// notebook, [`StoreError::Changed`](crate::storage::StoreError::Changed) when it is not as it was seen.
    async fn rename(
        &self,
        id: NotebookId,
        seen: Option<&NotebookState>,
        title: &Title,
        now: Timestamp,
    ) -> StoreResult<Option<Notebook>>;

    /// Hides the notebook from everyone, under the same check as [`rename`](Self::rename). `false` when there is none.
    async fn mark_deleted(&self, id: NotebookId, seen: Option<&NotebookState>, now: Timestamp) -> StoreResult<bool>;
    /// The deleted notebooks that `owner` owned and that can be restored, and when each was deleted, last deleted first:
    /// the part in the window, placed by that time and id.
    async fn deleted_of(&self, owner: UserId, window: &Window) -> StoreResult<Vec<(Notebook, Timestamp)>>;
    /// Restores a deleted notebook; `None` when `owner` did not own it, it is not deleted, or is being purged.
    async fn restore(&self, id: NotebookId, owner: UserId) -> StoreResult<Option<Notebook>>;
    /// Before anything of a deleted notebook is removed: from here on it cannot be restored. `false`: it was restored.
    async fn begin_purge(&self, id: NotebookId) -> StoreResult<bool>;
    /// Notebooks marked as deleted at `upto` or before whose content is still to be purged.
    async fn deleted(&self, upto: Timestamp) -> StoreResult<Vec<NotebookId>>;
    /// Removes the notebook and everything stored below it; run again after a crash, it continues where it was.
    async fn purge(&self, id: NotebookId) -> StoreResult<()>;
}
