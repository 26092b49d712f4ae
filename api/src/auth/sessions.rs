//! Which sessions are living: what every request, socket and stream asks.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use collabry_shared::auth::SessionRepo;
use collabry_shared::clock::Clock;
use collabry_shared::ids::SessionId;
use collabry_shared::storage::StoreResult;
use lru::LruCache;
use tokio::time::Instant;

/// How long a session that was found is taken to live on, should nobody say that it has ended.
const REMEMBERED: Duration = Duration::from_secs(2);
/// Sessions that are remembered at once.
const MOST: NonZeroUsize = NonZeroUsize::new(50_000).unwrap();

#[derive(Clone)]
pub struct Sessions {
    store: Arc<dyn SessionRepo>,
    clock: Arc<dyn Clock>,
    /// When each was found.
    living: Arc<Mutex<LruCache<SessionId, Instant>>>,
}

impl Sessions {
    pub fn new(store: Arc<dyn SessionRepo>, clock: Arc<dyn Clock>) -> Self {
        // Grows as it is used: most servers never see so many.
        let mut living = LruCache::unbounded();
        living.resize(MOST);
        Self { store, clock, living: Arc::new(Mutex::new(living)) }
    }

    pub async fn is_living(&self, id: SessionId) -> StoreResult<bool> {
        let asked = Instant::now();
        let found = self.living().get(&id).copied();
        if found.is_some_and(|found| asked.duration_since(found) < REMEMBERED) {
            return Ok(true);
        }
        let living = self.store.get(id, self.clock.now()).await?.is_some();
        if living {
            self.living().put(id, asked);
        } else {
            self.forget(id);
        }
        Ok(living)
    }

    /// It has ended.
    pub fn forget(&self, id: SessionId) {
        self.living().pop(&id);
    }

    /// Some may have ended without a word.
    pub fn forget_all(&self) {
        self.living().clear();
    }

    fn living(&self) -> MutexGuard<'_, LruCache<SessionId, Instant>> {
        self.living.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}
