//! Leases within one process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Fence, Leases};
use crate::clock::Clock;
use crate::ids::OwnerId;
use crate::storage::{StoreError, StoreResult};

#[derive(Debug)]
pub struct LocalLeases {
    clock: Arc<dyn Clock>,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    leases: HashMap<String, (Fence, Timestamp)>,
    /// Of all names together: greater than any before is what counts.
    last: u64,
}

impl LocalLeases {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, held: Mutex::default() }
    }

    /// The leases that have not run out.
    fn held(&self, now: Timestamp) -> MutexGuard<'_, Held> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.leases.retain(|_, (_, until)| *until > now);
        held
    }
}

#[async_trait]
impl Leases for LocalLeases {
    async fn acquire(&self, name: &str, _owner: OwnerId, ttl: Duration) -> StoreResult<Option<Fence>> {
        let now = self.clock.now();
        let mut held = self.held(now);
        if held.leases.contains_key(name) {
            return Ok(None);
        }
        // Never below the clock, so that they go on growing over a restart.
        held.last = (held.last + 1).max(u64::try_from(now.as_microsecond()).unwrap_or_default());
        let fence = Fence(held.last);
        held.leases.insert(name.to_owned(), (fence, until(now, ttl)?));
        Ok(Some(fence))
    }

    async fn renew(&self, name: &str, fence: Fence, ttl: Duration) -> StoreResult<bool> {
        let now = self.clock.now();
        match self.held(now).leases.get_mut(name) {
            Some(lease) if lease.0 == fence => {
                lease.1 = until(now, ttl)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn release(&self, name: &str, fence: Fence) -> StoreResult<bool> {
        let mut held = self.held(self.clock.now());
        let ours = held.leases.get(name).is_some_and(|lease| lease.0 == fence);
        if ours {
            held.leases.remove(name);
        }
        Ok(ours)
    }
}

fn until(now: Timestamp, ttl: Duration) -> StoreResult<Timestamp> {
    now.checked_add(ttl).map_err(|error| StoreError::Damaged(error.to_string()))
}
