//! Limits shared by all processes: one script call checks all limits of a request, by the clock of Redis.

use async_trait::async_trait;
use redis::Script;

use super::{Decision, Limit, Limiter, decide};
use crate::redis::{Connection, keys};
use crate::storage::StoreResult;

/// Returns how much of each limit was available, and takes from all of them if all have enough. A key holds the instant at
/// which its quota is full again, and expires then.
const CHECK: &str = include_str!("check.lua");

pub struct RedisLimiter {
    connection: Connection,
    check: Script,
}

impl RedisLimiter {
    pub fn new(connection: Connection) -> Self {
        Self { connection, check: Script::new(CHECK) }
    }
}

impl std::fmt::Debug for RedisLimiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisLimiter").finish_non_exhaustive()
    }
}

#[async_trait]
impl Limiter for RedisLimiter {
    async fn check(&self, limits: &[Limit]) -> StoreResult<Decision> {
        let mut call = self.check.prepare_invoke();
        for limit in limits {
            call.key(keys::limit(limit.rule.name(), &limit.subject));
            call.arg(limit.quota.interval()).arg(limit.quota.full_time());
        }
        let available: Vec<i64> = call.invoke_async(&mut self.connection.clone()).await?;
        Ok(decide(limits, &available))
    }
}
