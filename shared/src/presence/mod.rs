//! Presence: which users are connected.

mod local;
mod redis;

use async_trait::async_trait;

pub use self::local::LocalPresence;
pub use self::redis::RedisPresence;
use crate::ids::UserId;

/// Counts the sockets of each user over all replicas, so that nobody appears offline while another tab is open.
#[async_trait]
pub trait Presence: Send + Sync {
    /// Records that a socket of `user` connected to this replica; `true` when it is their first anywhere.
    async fn enter(&self, user: UserId, socket: &str) -> bool;
    /// Records that a socket of `user` on this replica is gone; `true` when it was their last anywhere.
    async fn leave(&self, user: UserId, socket: &str) -> bool;
    /// Returns those of `users` who are connected, in the same order.
    async fn online(&self, users: &[UserId]) -> Vec<UserId>;
    /// Waits for users who came or went without [`enter`](Self::enter) or [`leave`](Self::leave) having reported it, because
    /// their replica died or could not reach the others. Each change is returned on one replica only.
    async fn missed_changes(&self) -> Vec<UserId>;
}
