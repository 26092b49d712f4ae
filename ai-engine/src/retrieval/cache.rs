//! Caches loaded segments within a memory budget.
//!
//! This is not `moka`: there a failed load fails every caller that waits for it, and entries are evicted later than
//! they are inserted, which matters for entries of this size.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use collabry_shared::engine::EngineError;
use collabry_shared::sources::SegmentId;
use tokio::sync::OnceCell;

use super::segment::Segment;

/// The overhead of an entry.
const ENTRY_BYTES: usize = 512;

type Slot = Arc<OnceCell<Arc<Segment>>>;

/// Evicts the least recently used segments. A search holds its segments while it runs, even beyond the budget.
pub struct SegmentCache {
    state: Mutex<State>,
    budget: usize,
}

#[derive(Default)]
struct State {
    entries: HashMap<SegmentId, Entry>,
    /// In order of use, the least recent first.
    order: BTreeMap<u64, SegmentId>,
    clock: u64,
    bytes: usize,
}

struct Entry {
    slot: Slot,
    used: u64,
    bytes: usize,
}

impl SegmentCache {
    pub fn new(budget: usize) -> Self {
        Self { state: Mutex::default(), budget }
    }

    /// Returns the segment, and loads it by `load` on a cache miss. Concurrent callers wait for the same load; if it
    /// fails or its caller goes away, the next one loads. `None` from `load` (no chunks) is not cached.
    pub async fn get_or_load<F>(&self, id: SegmentId, load: F) -> Result<Option<Arc<Segment>>, EngineError>
    where
        F: Future<Output = Result<Option<Segment>, EngineError>>,
    {
        let slot = self.lock().slot(id);
        if let Some(segment) = slot.get() {
            return Ok(Some(Arc::clone(segment)));
        }
        let loaded = slot
            .get_or_try_init(|| async {
                let segment = load.await.map_err(Failed::Error)?.ok_or(Failed::Empty)?;
                Ok(Arc::new(segment))
            })
            .await;
        let mut state = self.lock();
        match loaded {
            Ok(segment) => {
                state.account(id, &slot, segment.bytes);
                state.evict(self.budget);
                Ok(Some(Arc::clone(segment)))
            }
            Err(failed) => {
                state.remove_empty(id, &slot);
                match failed {
                    Failed::Empty => Ok(None),
                    Failed::Error(error) => Err(error),
                }
            }
        }
    }

    /// The memory of the cached segments.
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Failed {
    Empty,
    Error(EngineError),
}

impl State {
    /// The slot of a segment, which becomes the most recently used one.
    fn slot(&mut self, id: SegmentId) -> Slot {
        self.clock += 1;
        let used = self.clock;
        let entry = self.entries.entry(id).or_insert_with(|| {
            self.bytes += ENTRY_BYTES;
            Entry { slot: Arc::default(), used, bytes: ENTRY_BYTES }
        });
        self.order.remove(&entry.used);
        entry.used = used;
        self.order.insert(used, id);
        Arc::clone(&entry.slot)
    }

    /// Counts a loaded segment once, unless it was evicted before its load ended.
    fn account(&mut self, id: SegmentId, slot: &Slot, bytes: usize) {
        let entry = self.entries.get_mut(&id).filter(|entry| Arc::ptr_eq(&entry.slot, slot));
        if let Some(entry) = entry.filter(|entry| entry.bytes == ENTRY_BYTES) {
            entry.bytes += bytes;
            self.bytes += bytes;
        }
    }

    fn evict(&mut self, budget: usize) {
        while self.bytes > budget
            && let Some((_, id)) = self.order.pop_first()
        {
            if let Some(entry) = self.entries.remove(&id) {
                self.bytes -= entry.bytes;
            }
        }
    }

    /// Removes a slot that is still empty.
    fn remove_empty(&mut self, id: SegmentId, slot: &Slot) {
        if slot.get().is_none()
            && self.entries.get(&id).is_some_and(|entry| Arc::ptr_eq(&entry.slot, slot))
            && let Some(entry) = self.entries.remove(&id)
        {
            self.order.remove(&entry.used);
            self.bytes -= entry.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use collabry_shared::engine::EngineError;
    use collabry_shared::ids::SourceId;
    use collabry_shared::sources::{Chunk, SegmentId};
    use futures::future::join_all;

    use super::SegmentCache;
    use crate::retrieval::segment::Segment;

    fn id() -> SegmentId {
        SegmentId { source_id: SourceId::new(), version: 1 }
    }

    fn segment(id: SegmentId) -> Segment {
        let chunk = Chunk {
            index: 0,
            start: 0,
            end: 4,
            page: 1,
            headings: Vec::new(),
            text: "text".to_owned(),
            embedding: vec![1.0, 0.0],
        };
        Segment::build(id, vec![chunk], 2).unwrap()
    }

    #[tokio::test]
    async fn concurrent_callers_share_one_load() {
        let (cache, id, loads) = (SegmentCache::new(usize::MAX), id(), AtomicUsize::new(0));
        let load = async || {
            loads.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            Ok(Some(segment(id)))
        };
        let found = join_all((0..10).map(|_| cache.get_or_load(id, load()))).await;
        assert!(found.iter().all(|found| found.as_ref().unwrap().is_some()));
        assert_eq!(loads.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn failures_and_empty_segments_are_not_cached() {
        let (cache, id) = (SegmentCache::new(usize::MAX), id());
        let failed = cache.get_or_load(id, async { Err(EngineError::Busy) }).await;
        assert!(matches!(failed, Err(EngineError::Busy)));
        assert!(cache.get_or_load(id, async { Ok(None) }).await.unwrap().is_none());
        assert_eq!(cache.bytes(), 0);
        assert!(cache.get_or_load(id, async { Ok(Some(segment(id))) }).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn the_least_recently_used_is_evicted_first() {
        let [a, b, c] = [id(), id(), id()];
        let room_for_two = SegmentCache::new((segment(a).bytes + super::ENTRY_BYTES) * 2);
        let loads = AtomicUsize::new(0);
        let get = async |id| {
            let load = async {
                loads.fetch_add(1, Ordering::Relaxed);
                Ok(Some(segment(id)))
            };
            assert!(room_for_two.get_or_load(id, load).await.unwrap().is_some());
        };
        for id in [a, b, a, c, a] {
            get(id).await;
        }
        assert_eq!(loads.load(Ordering::Relaxed), 3, "a stayed");
        get(b).await;
        assert_eq!(loads.load(Ordering::Relaxed), 4, "b had gone");
    }
}
