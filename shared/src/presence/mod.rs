//! Presence: who is connected.

mod local;
mod redis;

use async_trait::async_trait;

pub use self::local::LocalPresence;
pub use self::redis::RedisPresence;
use crate::ids::UserId;

/// Counts the sockets of each user over all replicas, so that nobody is shown as gone while another tab is open.
#[async_trait]
pub trait Presence: Send + Sync {
    /// A socket of `user` connected to this replica; `true` when it is their first anywhere.
    async fn enter(&self, user: UserId, socket: &str) -> bool;
    /// A socket of `user` on this replica is gone; `true` when it was their last anywhere.
    async fn leave(&self, user: UserId, socket: &str) -> bool;
    /// Those of `users` who are connected, in the same order.
    async fn online(&self, users: &[UserId]) -> Vec<UserId>;
    /// Waits for users who came or went without [`enter`](Self::enter) or [`leave`](Self::leave) having said so: their
    /// replica died, or could not reach the others. Each is told to one replica.
    async fn noticed(&self) -> Vec<UserId>;
}
