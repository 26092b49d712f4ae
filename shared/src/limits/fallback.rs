//! Limits that keep working while Redis is unavailable.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, timeout_at};

use super::{Decision, Limit, Limiter, LocalLimiter, RedisLimiter};
use crate::clock::Clock;
use crate::redis::Connection;
use crate::storage::{StoreError, StoreResult};

/// How long a request waits for Redis to check its limits.
const TIMEOUT: Duration = Duration::from_millis(250);
/// How late a timer must fire to show that this process is overloaded.
const LATE_AFTER: Duration = Duration::from_millis(50);
/// How many times an overloaded process restarts its wait.
const MAX_ROUNDS: u32 = 4;
/// While Redis is unavailable, one request per interval asks it; the others do not wait.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Asks Redis. When Redis fails or is slow, this process decides by its own counts, which start at zero and cover only this
/// process, so that during an outage each process admits up to the limit. It never lets everything through and never fails.
#[derive(Debug)]
pub struct FallbackLimiter {
    shared: RedisLimiter,
    local: LocalLimiter,
    /// When to ask Redis again; `None` while it works.
    retry_at: Mutex<Option<Instant>>,
}

impl FallbackLimiter {
    pub fn new(connection: Connection, clock: Arc<dyn Clock>) -> Self {
        Self { shared: RedisLimiter::new(connection), local: LocalLimiter::new(clock), retry_at: Mutex::default() }
    }

    fn should_ask_redis(&self) -> bool {
        let mut retry_at = self.retry_at.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match *retry_at {
            Some(until) if now < until => false,
            Some(_) => {
                *retry_at = Some(now + RETRY_INTERVAL);
                true
            }
            None => true,
        }
    }

    fn redis_failed(&self, error: &StoreError) {
        let mut retry_at = self.retry_at.lock().unwrap_or_else(PoisonError::into_inner);
        if retry_at.replace(Instant::now() + RETRY_INTERVAL).is_none() {
            tracing::warn!(%error, "Redis unavailable, limits are local to this process");
        }
    }

    fn redis_answered(&self) {
        let mut retry_at = self.retry_at.lock().unwrap_or_else(PoisonError::into_inner);
        if retry_at.take().is_some() {
            tracing::info!("Redis available, limits are shared again");
        }
    }
}

#[async_trait]
impl Limiter for FallbackLimiter {
    async fn check(&self, limits: &[Limit]) -> StoreResult<Decision> {
        if self.should_ask_redis() {
            let slow = || StoreError::Redis("no answer in time".to_owned());
            match with_timeout(self.shared.check(limits)).await.ok_or_else(slow).flatten() {
                Ok(decision) => {
                    self.redis_answered();
                    return Ok(decision);
                }
                Err(error) => self.redis_failed(&error),
            }
        }
        self.local.check(limits).await
    }
}

/// Awaits the answer of Redis with a timeout. When this process itself is late, the answer may have arrived already, so it
/// waits a little longer instead of blaming Redis.
async fn with_timeout<T>(asked: impl Future<Output = T>) -> Option<T> {
    let mut asked = pin!(asked);
    for _ in 0..MAX_ROUNDS {
        let until = Instant::now() + TIMEOUT;
        if let Ok(answer) = timeout_at(until, &mut asked).await {
            return Some(answer);
        }
        if until.elapsed() < LATE_AFTER {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::{TIMEOUT, with_timeout};

    /// A second task of this process must run before the answer arrives, as with the shared connection.
    async fn answered_late(block: Duration, then: Duration) -> Option<u8> {
        let (answer, answered) = oneshot::channel();
        tokio::spawn(async move {
            std::thread::sleep(block);
            tokio::time::sleep(then).await;
            let _ = answer.send(7);
        });
        with_timeout(async { answered.await.unwrap_or_default() }).await
    }

    #[tokio::test]
    async fn a_process_that_is_late_itself_does_not_blame_redis() {
        assert_eq!(answered_late(TIMEOUT * 2, Duration::from_millis(1)).await, Some(7));
    }
}
