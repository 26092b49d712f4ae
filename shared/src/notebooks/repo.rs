//! What storage must do for notebooks and their members.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{CodeHash, Invitation, JoinCode, Member, Notebook, NotebookState, Role};
use crate::auth::Email;
use crate::ids::{NotebookId, UserId};
use crate::pages::Window;
use crate::storage::StoreResult;

/// A deleted notebook is gone for every method here from the moment of [`mark_deleted`](NotebookRepo::mark_deleted),
/// but for those that purge it.
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
    /// How many notebooks `user` is an owner of.
    async fn count_owned(&self, user: UserId) -> StoreResult<u64>;
    /// `None` when there is no such notebook, [`StoreError::Changed`](crate::storage::StoreError::Changed) when it is not as
    /// it was `seen`: the look and the change are one step.
    async fn rename(
        &self,
        id: NotebookId,
        seen: Option<&NotebookState>,
        title: &str,
        now: Timestamp,
    ) -> StoreResult<Option<Notebook>>;
    async fn set_join_code(&self, id: NotebookId, code: Option<&JoinCode>) -> StoreResult<Option<Notebook>>;
    /// Adds a member with the role of the notebook's join code, which has one use less then, in one step. `false`, and
    /// nothing changes: they are a member already, were removed, or the code is another one by now, used up or expired.
    async fn join(&self, id: NotebookId, code: &str, user: UserId, now: Timestamp) -> StoreResult<bool>;
    async fn by_join_code(&self, code: &str) -> StoreResult<Option<Notebook>>;

    /// `None` when `user` is no member or the notebook is gone.
    async fn role_of(&self, id: NotebookId, user: UserId) -> StoreResult<Option<Role>>;
    /// Members, first joined first.
    async fn members(&self, id: NotebookId) -> StoreResult<Vec<Member>> {
        self.members_page(id, &Window::WHOLE).await
    }
    /// A part of [`members`](Self::members), placed by `joined_at` and the user's id.
    async fn members_page(&self, id: NotebookId, window: &Window) -> StoreResult<Vec<Member>>;
    /// Ids of the members, from the notebook alone: no account is read.
    async fn member_ids(&self, id: NotebookId) -> StoreResult<Vec<UserId>>;
    /// Changes a role. With a smaller one, what they know is to give the greater one back to nobody: in the same step the
    /// join code is switched off if it gives more, and an owner's invitations are withdrawn. `false`, and nothing changes:
    /// no such member, or they are the last owner, who must stay one.
    async fn set_role(&self, id: NotebookId, user: UserId, role: Role) -> StoreResult<bool>;
    /// Whether an owner has removed them, so that no join code lets them in.
    async fn is_removed(&self, id: NotebookId, user: UserId) -> StoreResult<bool>;
    /// Lets a member leave. `false`: no such member, or they are the last owner.
    async fn remove_member(&self, id: NotebookId, user: UserId) -> StoreResult<bool>;
    /// Removes a member for good, in one step with all that would bring them back: the join code, which they know, is
    /// switched off, the invitations that they made are withdrawn, and no code lets them in any more. `false`: no such
    /// member, or they are the last owner.
    async fn expel(&self, id: NotebookId, user: UserId, now: Timestamp) -> StoreResult<bool>;

    /// Stores or replaces the invitation of an address to a notebook.
    async fn invite(&self, invitation: &Invitation) -> StoreResult<()>;
    async fn invitations(&self, id: NotebookId) -> StoreResult<Vec<Invitation>>;
    async fn withdraw_invitation(&self, id: NotebookId, email: &Email) -> StoreResult<bool>;
    /// The invitation with this link, if it has not expired at `now`.
    async fn by_invitation(&self, code: CodeHash, now: Timestamp) -> StoreResult<Option<Invitation>>;
    /// Uses an invitation up: `user`, who may have been removed before, is a member in one step with its end. `false`:
    /// it was used, withdrawn or has expired, or they are a member already, and then nothing changes.
    async fn accept_invitation(&self, invitation: &Invitation, user: UserId, now: Timestamp) -> StoreResult<bool>;

    /// Hides the notebook from everyone, if it is as it was `seen`, as in [`rename`](Self::rename). `false` when there is none.
    async fn mark_deleted(&self, id: NotebookId, seen: Option<&NotebookState>, now: Timestamp) -> StoreResult<bool>;
    /// The deleted notebooks that `owner` owned and that can be brought back, and when each was deleted, last deleted first:
    /// the part in the window, placed by that time and id.
    async fn deleted_of(&self, owner: UserId, window: &Window) -> StoreResult<Vec<(Notebook, Timestamp)>>;
    /// Brings a deleted notebook back; `None` when `owner` did not own it, it is not deleted, or is being purged.
    async fn restore(&self, id: NotebookId, owner: UserId) -> StoreResult<Option<Notebook>>;
    /// Before anything of a deleted notebook is removed: it cannot be brought back any more. `false`: it was.
    async fn begin_purge(&self, id: NotebookId) -> StoreResult<bool>;
    /// Notebooks marked as deleted at `upto` or before whose content is still to be purged.
    async fn deleted(&self, upto: Timestamp) -> StoreResult<Vec<NotebookId>>;
    /// Removes the notebook and everything stored below it; run again after a crash, it goes on where it was.
    async fn purge(&self, id: NotebookId) -> StoreResult<()>;
}
