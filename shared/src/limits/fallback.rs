//! Limits that hold while Redis is away.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, timeout};

use super::{Decision, Limit, Limiter, LocalLimiter, RedisLimiter};
use crate::clock::Clock;
use crate::redis::Connection;
use crate::storage::{StoreError, StoreResult};

/// A request is not kept waiting longer than this for its limits.
const PATIENCE: Duration = Duration::from_millis(250);
/// While Redis is away one request in this time asks it; the others do not wait.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Asks Redis. When it fails or is slow, this process decides by what it counts itself: from nothing, and for itself
/// alone, so that for the time of an outage each process admits up to the limit. It is never open, and never fails.
#[derive(Debug)]
pub struct FallbackLimiter {
    shared: RedisLimiter,
    local: LocalLimiter,
    /// Since Redis failed: when to ask it again.
    away: Mutex<Option<Instant>>,
}

impl FallbackLimiter {
    pub fn new(connection: Connection, clock: Arc<dyn Clock>) -> Self {
        Self { shared: RedisLimiter::new(connection), local: LocalLimiter::new(clock), away: Mutex::default() }
    }

    fn may_ask(&self) -> bool {
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match *away {
            Some(until) if now < until => false,
            Some(_) => {
                *away = Some(now + TRY_AGAIN);
                true
            }
            None => true,
        }
    }

    fn failed(&self, error: &StoreError) {
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        if away.replace(Instant::now() + TRY_AGAIN).is_none() {
            tracing::warn!(%error, "limits: without Redis this process decides alone");
        }
    }

    fn answered(&self) {
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        if away.take().is_some() {
            tracing::info!("limits: Redis decides for all again");
        }
    }
}

#[async_trait]
impl Limiter for FallbackLimiter {
    async fn check(&self, limits: &[Limit]) -> StoreResult<Decision> {
        if self.may_ask() {
            let slow = |_| Err(StoreError::Redis("no answer in time".to_owned()));
            match timeout(PATIENCE, self.shared.check(limits)).await.unwrap_or_else(slow) {
                Ok(decision) => {
                    self.answered();
                    return Ok(decision);
                }
                Err(error) => self.failed(&error),
            }
        }
        self.local.check(limits).await
    }
}
