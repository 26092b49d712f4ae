//! What storage must do for accounts and sessions.

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::SecretString;

use super::{Credentials, Email, Session, TokenHash, User};
use crate::ids::{SessionId, UserId};
use crate::pages::Window;
use crate::storage::StoreResult;

#[async_trait]
pub trait UserRepo: Send + Sync {
    /// Stores a new account; [`StoreError::Conflict`](crate::storage::StoreError::Conflict) when the address is taken.
    async fn create(&self, user: &User, password_hash: &SecretString) -> StoreResult<()>;
    async fn get(&self, id: UserId) -> StoreResult<Option<User>>;
    /// The account with this address, in whichever of its spellings it was stored.
    async fn by_email(&self, email: &Email) -> StoreResult<Option<User>> {
        Ok(self.credentials(email).await?.map(|credentials| credentials.user))
    }
    /// As [`by_email`](Self::by_email), with the hash of the password.
    async fn credentials(&self, email: &Email) -> StoreResult<Option<Credentials>>;
    /// The hash of an account's password.
    async fn password_hash(&self, id: UserId) -> StoreResult<Option<SecretString>>;
    /// Makes someone an admin, whose address counts as proven from `now` on, or ends that. `false`: there is no such
    /// account.
    async fn set_admin(&self, id: UserId, admin: bool, now: Timestamp) -> StoreResult<bool>;
    /// Replaces the hash of an account's password if it is still `before`, so that one of several racing changes wins.
    /// Returns whether it was this one. The caller ends the sessions.
    async fn set_password(&self, id: UserId, before: &SecretString, hash: &SecretString) -> StoreResult<bool>;
    /// Removes an account for good, with its sessions and notifications, the invitations of its address, and its name
    /// beside the messages that it wrote, which stay in their conversations. The caller ends its memberships first; run
    /// again after a crash, it continues where it was.
    async fn delete(&self, user: &User) -> StoreResult<()>;
    /// Admins, by address.
    async fn admins(&self) -> StoreResult<Vec<User>>;
}

#[async_trait]
pub trait SessionRepo: Send + Sync {
    async fn create(&self, session: &Session) -> StoreResult<()>;
    /// A session that has not expired at `now`.
    async fn get(&self, id: SessionId, now: Timestamp) -> StoreResult<Option<Session>>;
    /// The living session whose token in force, or the one before, this is: of tokens that name no session.
    async fn by_token(&self, token: TokenHash, now: Timestamp) -> StoreResult<Option<Session>>;
    /// The living sessions of a user, last used first.
    async fn list_for(&self, user: UserId, now: Timestamp) -> StoreResult<Vec<Session>> {
        self.list_page(user, now, &Window::WHOLE).await
    }
    /// A part of [`list_for`](Self::list_for), placed by `rotated_at` and id.
    async fn list_page(&self, user: UserId, now: Timestamp, window: &Window) -> StoreResult<Vec<Session>>;
    /// Stores the tokens and times of `session` if the token in force is still `before`, so that of racing callers one
    /// wins. Returns whether it was this one.
    async fn rotate(&self, before: TokenHash, session: &Session, now: Timestamp) -> StoreResult<bool>;
    /// Ends a session; ending one that is gone is no error.
    async fn delete(&self, id: SessionId) -> StoreResult<()>;
    /// Removes sessions that expired before `now`; returns how many.
    async fn delete_expired(&self, now: Timestamp) -> StoreResult<u64>;
}
