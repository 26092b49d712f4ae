//! What storage must do for accounts and sessions.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Email, Session, TokenHash, User};
use crate::ids::{SessionId, UserId};
use crate::storage::StoreResult;

#[async_trait]
pub trait UserRepo: Send + Sync {
    /// Stores a new account; [`StoreError::Conflict`](crate::storage::StoreError::Conflict) when the address is taken.
    async fn create(&self, user: &User) -> StoreResult<()>;
    async fn get(&self, id: UserId) -> StoreResult<Option<User>>;
    async fn by_email(&self, email: &Email) -> StoreResult<Option<User>>;
}

/// What became of a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RotateOutcome {
    /// The presented token was the one in force; the new one is now.
    Rotated(Session),
    /// The presented token is the one before; the session is returned as it stands.
    Reused(Session),
    /// No live session knows this token.
    Unknown,
}

#[async_trait]
pub trait SessionRepo: Send + Sync {
    async fn create(&self, session: &Session) -> StoreResult<()>;
    /// A session that has not expired at `now`.
    async fn get(&self, id: SessionId, now: Timestamp) -> StoreResult<Option<Session>>;
    /// Replaces `presented` by `next` in one atomic step, so that of two racing callers one wins.
    async fn rotate(
        &self,
        presented: TokenHash,
        next: TokenHash,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> StoreResult<RotateOutcome>;
    /// Ends a session; ending one that is gone is no error.
    async fn delete(&self, id: SessionId) -> StoreResult<()>;
    /// Removes sessions that expired before `now`; returns how many.
    async fn delete_expired(&self, now: Timestamp) -> StoreResult<u64>;
}
