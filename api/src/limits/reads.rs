//! Limits on large reads: how many of one person run at a time, and how fast the results are sent to their sockets.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use collabry_shared::ids::UserId;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::{ApiError, ApiResult};

/// How many reads of one person run at a time in this process.
const AT_A_TIME: usize = 8;
/// How many more may wait; further ones are refused, because no client of ours has as many.
const WAITING: usize = 64;
/// How many bytes per second the sockets of one person are sent as answers.
const KIB_A_SECOND: NonZeroU32 = NonZeroU32::MIN.saturating_add(1024 - 1);
/// How many bytes they are sent at once: this process keeps as much for a client that reads nothing, until it is cut off
/// after 30 s.
const KIB_AT_ONCE: NonZeroU32 = NonZeroU32::MIN.saturating_add(8 * 1024 - 1);
/// The number of people above which idle ones are evicted.
const REMEMBERED: usize = 4096;

/// The permits and rates of all readers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reads {
    places: Arc<Mutex<HashMap<UserId, Arc<Semaphore>>>>,
    pace: Arc<DefaultKeyedRateLimiter<UserId>>,
}

impl Default for Reads {
    fn default() -> Self {
        let quota = Quota::per_second(KIB_A_SECOND).allow_burst(KIB_AT_ONCE);
        Self { places: Arc::default(), pace: Arc::new(RateLimiter::keyed(quota)) }
    }
}

/// A running read; keep it until the result was sent.
#[derive(Debug)]
pub struct Reading {
    reads: Reads,
    user: UserId,
    place: Option<OwnedSemaphorePermit>,
}

impl Reads {
    /// Waits for one of the person's permits.
    pub async fn begin(&self, user: UserId) -> ApiResult<Reading> {
        let places = Arc::clone(self.lock().entry(user).or_insert_with(|| Arc::new(Semaphore::new(AT_A_TIME))));
        // One is the map's; ours is among those that wait.
        if Arc::strong_count(&places) > AT_A_TIME + WAITING + 1 {
            return Err(ApiError::rate_limited(
                "Too many requests at once. Wait for the answers to those you have sent.",
                1,
            ));
        }
        let place = places.acquire_owned().await.map_err(ApiError::internal)?;
        Ok(Reading { reads: self.clone(), user, place: Some(place) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Arc<Semaphore>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reading {
    /// Waits until the person's sockets may be sent this many more bytes.
    pub async fn may_send(&self, bytes: usize) {
        let kib = u32::try_from(bytes / 1024).unwrap_or(u32::MAX).clamp(1, KIB_AT_ONCE.get());
        let Some(kib) = NonZeroU32::new(kib) else { return };
        if self.reads.pace.len() > REMEMBERED {
            self.reads.pace.retain_recent();
        }
        // Never more than what may be sent at once.
        if self.reads.pace.until_key_n_ready(&self.user, kib).await.is_err() {
            tracing::error!(kib, "an answer larger than any");
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let mut places = self.reads.lock();
        self.place = None;
        if places.get(&self.user).is_some_and(|one| Arc::strong_count(one) == 1) {
            places.remove(&self.user);
        }
    }
}

#[cfg(test)]
mod tests {
    use collabry_shared::ids::UserId;
    use futures::FutureExt;

    use super::{AT_A_TIME, Reads, WAITING};

    #[tokio::test]
    async fn one_person_has_some_places_and_nobody_else_waits_for_them() {
        let (reads, ada, ben) = (Reads::default(), UserId::new(), UserId::new());
        let mut under_way = Vec::new();
        for _ in 0..AT_A_TIME {
            under_way.push(reads.begin(ada).await.unwrap());
        }
        let mut waiting: Vec<_> = (0..=WAITING).map(|_| Box::pin(reads.begin(ada))).collect();
        let refused: Vec<_> = waiting.iter_mut().filter_map(FutureExt::now_or_never).collect();
        assert_eq!(refused.len(), 1, "the last one finds too many before it");
        assert_eq!(refused[0].as_ref().unwrap_err().code, crate::http::Code::RateLimited);
        assert!(reads.begin(ben).now_or_never().is_some());
        under_way.pop();
        assert!(waiting[0].as_mut().now_or_never().unwrap().is_ok());
        drop((waiting, under_way));
        assert!(reads.lock().is_empty(), "nothing is kept of those who read nothing");
    }
}
