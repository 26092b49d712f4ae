//! Leases over all processes.

use std::time::Duration;

use async_trait::async_trait;
use redis::Script;

use super::{Fence, Leases};
use crate::ids::OwnerId;
use crate::redis::Redis;
use crate::redis::keys::{self, FENCE_TTL};
use crate::storage::StoreResult;

/// Takes a free lease and returns its token, which is greater than the last and never below Redis's clock in
/// microseconds: so it is greater even than those that a Redis forgot.
const ACQUIRE: &str = r"
if redis.call('EXISTS', KEYS[1]) == 1 then return false end
local time = redis.call('TIME')
local token = math.max(time[1] * 1000000 + time[2], tonumber(redis.call('GET', KEYS[2]) or 0) + 1)
token = string.format('%.0f', token)
redis.call('SET', KEYS[1], token .. ' ' .. ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], token, 'PX', ARGV[3])
return token
";

/// Does something to a lease that is still ours.
const RENEW: &str = r"
local held = redis.call('GET', KEYS[1])
if not held or string.match(held, '^%d+') ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
";
const RELEASE: &str = r"
local held = redis.call('GET', KEYS[1])
if not held or string.match(held, '^%d+') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
";

#[derive(Debug, Clone)]
pub struct RedisLeases(Redis);

impl RedisLeases {
    pub fn new(redis: Redis) -> Self {
        Self(redis)
    }
}

#[async_trait]
impl Leases for RedisLeases {
    async fn acquire(&self, name: &str, owner: OwnerId, ttl: Duration) -> StoreResult<Option<Fence>> {
        let script = Script::new(ACQUIRE);
        let mut call = script.key(keys::lease(name));
        // A token is remembered for longer than its lease lasts.
        call.key(keys::fence(name)).arg(owner.to_string()).arg(millis(ttl)).arg(millis(FENCE_TTL.max(ttl * 2)));
        let token: Option<u64> = self.0.noting(call.invoke_async(&mut self.0.connection()).await)?;
        Ok(token.map(Fence))
    }

    async fn renew(&self, name: &str, fence: Fence, ttl: Duration) -> StoreResult<bool> {
        let script = Script::new(RENEW);
        let mut call = script.key(keys::lease(name));
        call.arg(fence.0).arg(millis(ttl));
        self.0.noting(call.invoke_async(&mut self.0.connection()).await)
    }

    async fn release(&self, name: &str, fence: Fence) -> StoreResult<bool> {
        let script = Script::new(RELEASE);
        let mut call = script.key(keys::lease(name));
        call.arg(fence.0);
        self.0.noting(call.invoke_async(&mut self.0.connection()).await)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
