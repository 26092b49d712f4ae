//! Presence: who is connected.

mod local;

use async_trait::async_trait;

pub use self::local::LocalPresence;
use crate::ids::UserId;

/// Counts the sockets of each user, so that nobody is shown as gone while another tab is open.
#[async_trait]
pub trait Presence: Send + Sync {
    /// A socket of `user` connected; `true` when it is their first.
    async fn enter(&self, user: UserId, socket: &str) -> bool;
    /// A socket of `user` is gone; `true` when it was their last.
    async fn leave(&self, user: UserId, socket: &str) -> bool;
    /// Those of `users` who are connected, in the same order.
    async fn online(&self, users: &[UserId]) -> Vec<UserId>;
}
