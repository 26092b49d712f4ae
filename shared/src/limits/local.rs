//! Limits within one process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::{Decision, Limit, Limiter, Rule, decide};
use crate::clock::Clock;
use crate::storage::StoreResult;

/// A key is forgotten when its quota is whole again, which is looked for when there are twice as many as after the last
/// look.
const FIRST_LOOK: usize = 1_024;
/// Above this the half whose quotas are whole soonest is forgotten.
const MAX_KEYS: usize = 200_000;

#[derive(Debug)]
pub struct LocalLimiter {
    clock: Arc<dyn Clock>,
    keys: Mutex<Keys>,
}

#[derive(Debug)]
struct Keys {
    /// When each quota is whole again, in microseconds of the epoch.
    whole_at: HashMap<(Rule, String), i64>,
    look_at: usize,
}

impl LocalLimiter {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, keys: Mutex::new(Keys { whole_at: HashMap::new(), look_at: FIRST_LOOK }) }
    }

    /// Keys that are remembered now.
    pub fn len(&self) -> usize {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).whole_at.len()
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
        self.forget_whole(now);
        let rooms: Vec<i64> = limits.iter().map(|limit| self.room(limit, now)).collect();
        let decision = decide(limits, &rooms);
        if let Decision::Allowed(_) = decision {
            for (limit, room) in limits.iter().zip(rooms) {
                let whole_at = now + limit.quota.whole() - room + limit.quota.interval();
                self.whole_at.insert((limit.rule, limit.subject.clone()), whole_at);
            }
        }
        decision
    }

    /// Microseconds of the window that are free. A time too far ahead is one from before the clock was put back, or the
    /// quota down: it counts as used up.
    fn room(&self, limit: &Limit, now: i64) -> i64 {
        let whole = limit.quota.whole();
        let whole_at = self.whole_at.get(&(limit.rule, limit.subject.clone())).copied().unwrap_or(now);
        now + whole - whole_at.clamp(now, now + whole)
    }

    fn forget_whole(&mut self, now: i64) {
        if self.whole_at.len() < self.look_at {
            return;
        }
        self.whole_at.retain(|_, whole_at| *whole_at > now);
        if self.whole_at.len() >= MAX_KEYS {
            let mut times: Vec<i64> = self.whole_at.values().copied().collect();
            let (_, median, _) = times.select_nth_unstable(MAX_KEYS / 2);
            let median = *median;
            self.whole_at.retain(|_, whole_at| *whole_at > median);
        }
        self.look_at = (self.whole_at.len() * 2).clamp(FIRST_LOOK, MAX_KEYS);
    }
}
