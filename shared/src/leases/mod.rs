//! Leases: the right to do something alone, for a while.

mod local;
mod redis;

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use self::local::LocalLeases;
pub use self::redis::RedisLeases;
use crate::ids::OwnerId;
use crate::storage::StoreResult;

/// Proof of a lease. A later one of the same name is always greater, so what is written under a lease can be guarded:
/// whoever was paused past the end of theirs comes with a smaller one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fence(pub u64);

#[async_trait]
pub trait Leases: Send + Sync {
    /// Takes a lease for `ttl`; `None`: somebody has it, be it the same owner. `owner` is for those who look.
    async fn acquire(&self, name: &str, owner: OwnerId, ttl: Duration) -> StoreResult<Option<Fence>>;
    /// Makes it last `ttl` from now; `false`: it is lost.
    async fn renew(&self, name: &str, fence: Fence, ttl: Duration) -> StoreResult<bool>;
    /// Gives it back; `false`: it was lost before.
    async fn release(&self, name: &str, fence: Fence) -> StoreResult<bool>;
}
