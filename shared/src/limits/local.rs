//! Limits within one process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::{Decision, Limit, Limiter, Rule, decide};
use crate::clock::Clock;
use crate::storage::StoreResult;

/// A key is evicted when its quota is full again. Eviction runs when there are twice as many keys as after the last one, and
/// first at this number.
const FIRST_EVICTION: usize = 1_024;
/// Above this number the half of the keys whose quotas are full soonest is evicted.
const MAX_KEYS: usize = 200_000;

#[derive(Debug)]
pub struct LocalLimiter {
    clock: Arc<dyn Clock>,
    keys: Mutex<Keys>,
}

#[derive(Debug)]
struct Keys {
    /// When each quota is full again, in microseconds since 1970.
    full_at: HashMap<(Rule, String), i64>,
    next_eviction: usize,
}

impl LocalLimiter {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, keys: Mutex::new(Keys { full_at: HashMap::new(), next_eviction: FIRST_EVICTION }) }
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).full_at.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[async_trait]
impl Limiter for LocalLimiter {
    async fn check(&self, limits: &[Limit]) -> StoreResult<Decision> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(keys.check(limits, self.clock.now().as_microsecond()))
    }
}

impl Keys {
    fn check(&mut self, limits: &[Limit], now: i64) -> Decision {
        self.evict_full(now);
        let available: Vec<i64> = limits.iter().map(|limit| self.available(limit, now)).collect();
        let decision = decide(limits, &available);
        if let Decision::Allowed(_) = decision {
            for (limit, available) in limits.iter().zip(available) {
                let full_at = now + limit.quota.full_time() - available + limit.quota.interval();
                self.full_at.insert((limit.rule, limit.subject.clone()), full_at);
            }
        }
        decision
    }

    /// The available microseconds of the window. A time too far ahead is from before the clock was set back or the quota
    /// lowered; it counts as a used-up quota.
    fn available(&self, limit: &Limit, now: i64) -> i64 {
        let full_time = limit.quota.full_time();
        let full_at = self.full_at.get(&(limit.rule, limit.subject.clone())).copied().unwrap_or(now);
        now + full_time - full_at.clamp(now, now + full_time)
    }

    fn evict_full(&mut self, now: i64) {
        if self.full_at.len() < self.next_eviction {
            return;
        }
        self.full_at.retain(|_, full_at| *full_at > now);
        if self.full_at.len() >= MAX_KEYS {
            let mut times: Vec<i64> = self.full_at.values().copied().collect();
            let (_, median, _) = times.select_nth_unstable(MAX_KEYS / 2);
            let median = *median;
            self.full_at.retain(|_, full_at| *full_at > median);
        }
        self.next_eviction = (self.full_at.len() * 2).clamp(FIRST_EVICTION, MAX_KEYS);
    }
}
