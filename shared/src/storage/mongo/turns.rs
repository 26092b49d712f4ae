//! Turns within this process.

use std::hash::{BuildHasher as _, Hash, RandomState};

use tokio::sync::{Mutex, MutexGuard};

/// More than the connections of one process; of two logs that share one, each waits for the other now and then.
const LANES: usize = 256;

/// Lets writers of the same log wait for each other. Not needed for safety, which unique indexes give across processes:
/// without it those of one process would race for the same place, and all but one of them try again.
#[derive(Debug)]
pub(crate) struct Turns {
    lanes: Vec<Mutex<()>>,
    hasher: RandomState,
}

impl Default for Turns {
    fn default() -> Self {
        Self { lanes: std::iter::repeat_with(Mutex::default).take(LANES).collect(), hasher: RandomState::new() }
    }
}

impl Turns {
    /// Holds the turn for `key` until the guard is dropped.
    pub async fn take(&self, key: impl Hash) -> MutexGuard<'_, ()> {
        let lane = self.hasher.hash_one(key) % LANES as u64;
        self.lanes[usize::try_from(lane).unwrap_or_default()].lock().await
    }
}
