//! What storage must do for invitations to notebooks.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{CodeHash, Invitation};
use crate::auth::Email;
use crate::ids::{NotebookId, UserId};
use crate::storage::StoreResult;

/// Invitations by link. Those of a deleted notebook are gone.
#[async_trait]
pub trait InvitationRepo: Send + Sync {
    /// Stores or replaces the invitation of an address to a notebook.
    async fn invite(&self, invitation: &Invitation) -> StoreResult<()>;
    async fn invitations(&self, id: NotebookId) -> StoreResult<Vec<Invitation>>;
    async fn withdraw_invitation(&self, id: NotebookId, email: &Email) -> StoreResult<bool>;
    /// The invitation with this link, if it has not expired at `now`.
    async fn by_invitation(&self, code: CodeHash, now: Timestamp) -> StoreResult<Option<Invitation>>;
    /// Uses an invitation up: it ends in the same step in which `user`, who may have been removed before, becomes a member.
    /// `false`, and nothing changes: it was used, withdrawn or has expired, or they are a member already.
    async fn accept_invitation(&self, invitation: &Invitation, user: UserId, now: Timestamp) -> StoreResult<bool>;
}
