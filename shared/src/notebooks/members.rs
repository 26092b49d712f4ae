//! What storage must do for the members of notebooks.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{JoinCode, Member, Notebook, Role};
use crate::ids::{NotebookId, UserId};
use crate::pages::Window;
use crate::storage::StoreResult;

/// Members, their roles, and the join code that lets people in. A deleted notebook is gone to every method here.
#[async_trait]
pub trait MemberRepo: Send + Sync {
    /// `None` when `user` is not a member or the notebook is gone.
    async fn role_of(&self, id: NotebookId, user: UserId) -> StoreResult<Option<Role>>;
    /// Members, first joined first.
    async fn members(&self, id: NotebookId) -> StoreResult<Vec<Member>> {
        self.members_page(id, &Window::WHOLE).await
    }
    /// A part of [`members`](Self::members), placed by `joined_at` and the user's id.
    async fn members_page(&self, id: NotebookId, window: &Window) -> StoreResult<Vec<Member>>;
    /// Ids of the members, from the notebook alone: no account is read.
    async fn member_ids(&self, id: NotebookId) -> StoreResult<Vec<UserId>>;
    /// Changes a role. A demoted member must not be able to give the greater role back, to themselves or to anybody else:
    /// the same step switches the join code off if it gives more, and withdraws the invitations of a former owner.
    /// `false`, and nothing changes: no such member, or they are the last owner, who must stay one.
    async fn set_role(&self, id: NotebookId, user: UserId, role: Role) -> StoreResult<bool>;
    /// Whether an owner has removed them, so that no join code lets them in.
    async fn is_removed(&self, id: NotebookId, user: UserId) -> StoreResult<bool>;
    /// Lets a member leave. `false`: no such member, or they are the last owner.
    async fn remove_member(&self, id: NotebookId, user: UserId) -> StoreResult<bool>;
    /// Removes a member for good, in one step with everything that would bring them back: the join code, which they know,
    /// is switched off, the invitations that they made are withdrawn, and no code lets them in any more. `false`: no such
    /// member, or they are the last owner.
    async fn expel(&self, id: NotebookId, user: UserId, now: Timestamp) -> StoreResult<bool>;

    async fn set_join_code(&self, id: NotebookId, code: Option<&JoinCode>) -> StoreResult<Option<Notebook>>;
    async fn by_join_code(&self, code: &str) -> StoreResult<Option<Notebook>>;
    /// Adds a member with the role of the notebook's join code and takes one use off the code, in one step. `false`, and
    /// nothing changes: they are a member already, were removed, or the code was replaced, used up or has expired.
    async fn join(&self, id: NotebookId, code: &str, user: UserId, now: Timestamp) -> StoreResult<bool>;
}
