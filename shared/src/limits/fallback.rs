//! Limits that hold while Redis is away.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, timeout_at};

use super::{Decision, Limit, Limiter, LocalLimiter, RedisLimiter};
use crate::clock::Clock;
use crate::redis::Connection;
use crate::storage::{StoreError, StoreResult};

/// A request is not kept waiting longer than this for its limits.
const PATIENCE: Duration = Duration::from_millis(250);
/// A timer that fires so much after its time says that this process has too much to do.
const LATE: Duration = Duration::from_millis(50);
/// How often a late process starts its wait over.
const ROUNDS: u32 = 4;
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
            let slow = || StoreError::Redis("no answer in time".to_owned());
            match in_time(self.shared.check(limits)).await.ok_or_else(slow).flatten() {
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

/// What is asked of Redis, unless Redis is slow. When this process is the one that is late, the answer may be there
/// already, and nothing is said against Redis: it is waited for a little more.
async fn in_time<T>(asked: impl Future<Output = T>) -> Option<T> {
    let mut asked = pin!(asked);
    for _ in 0..ROUNDS {
        let until = Instant::now() + PATIENCE;
        if let Ok(answer) = timeout_at(until, &mut asked).await {
            return Some(answer);
        }
        if until.elapsed() < LATE {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::{PATIENCE, in_time};

    /// A second thing has to happen in this process before the answer is there, as with a connection that is shared.
    async fn answered_late(block: Duration, then: Duration) -> Option<u8> {
        let (answer, answered) = oneshot::channel();
        tokio::spawn(async move {
            std::thread::sleep(block);
            tokio::time::sleep(then).await;
            let _ = answer.send(7);
        });
        in_time(async { answered.await.unwrap_or_default() }).await
    }

    #[tokio::test]
    async fn a_process_that_is_late_itself_does_not_blame_redis() {
        assert_eq!(answered_late(PATIENCE * 2, Duration::from_millis(1)).await, Some(7));
    }
}
