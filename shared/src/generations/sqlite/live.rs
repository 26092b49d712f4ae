//! Logs that somebody writes or watches now. Each is in memory for as long as that lasts, and no longer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::watch;

use crate::generations::{EventId, LoggedEvent};
use crate::ids::GenerationId;

/// Finds the one [`Live`] of a generation.
#[derive(Debug, Default)]
pub struct Registry(Mutex<HashMap<GenerationId, Weak<Live>>>);

impl Registry {
    /// The generation's live log, made when there is none.
    pub fn get(self: &Arc<Self>, id: GenerationId) -> Arc<Live> {
        let mut logs = lock(&self.0);
        if let Some(live) = logs.get(&id).and_then(Weak::upgrade) {
            return live;
        }
        let live = Arc::new(Live {
            id,
            registry: Arc::clone(self),
            events: Mutex::default(),
            changed: watch::Sender::default(),
        });
        logs.insert(id, Arc::downgrade(&live));
        live
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        lock(&self.0).len()
    }
}

/// One generation's log as those see it who write or watch it.
#[derive(Debug)]
pub struct Live {
    id: GenerationId,
    registry: Arc<Registry>,
    /// The whole log while a writer has it open; `None`: ask the journal.
    events: Mutex<Option<Vec<LoggedEvent>>>,
    changed: watch::Sender<()>,
}

/// What a reader may see.
#[derive(Debug)]
pub enum View {
    /// The events asked for. `ended`: no more will come after them.
    Open { events: Vec<LoggedEvent>, ended: bool },
    /// Not in memory: the journal knows.
    Closed,
}

impl Live {
    /// Wakes at every change from now on.
    pub fn watch(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    pub fn after(&self, after: EventId) -> View {
        match &*lock(&self.events) {
            None => View::Closed,
            Some(events) => {
                // Ids count from 1 without gaps, so the event after N is at index N.
                let seen = usize::try_from(after).map_or(events.len(), |seen| seen.min(events.len()));
                let ended = events.last().is_some_and(|last| last.event.is_final());
                View::Open { events: events[seen..].to_vec(), ended }
            }
        }
    }

    /// Takes the log into memory.
    pub fn open(&self, events: Vec<LoggedEvent>) {
        *lock(&self.events) = Some(events);
    }

    /// Shows a journalled event.
    pub fn show(&self, event: LoggedEvent) {
        if let Some(events) = &mut *lock(&self.events) {
            events.push(event);
        }
        self.changed.send_replace(());
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let mut logs = lock(&self.registry.0);
        // A reader may have made a new one since the last reference to this one went away.
        if logs.get(&self.id).is_some_and(|live| live.strong_count() == 0) {
            logs.remove(&self.id);
        }
    }
}

/// Every change under these locks is a single step, so what a panicking thread leaves behind is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_nobody_holds_leaves_no_trace() {
        let registry = Arc::new(Registry::default());
        let id = GenerationId::new();
        let first = registry.get(id);
        let second = registry.get(id);
        assert!(Arc::ptr_eq(&first, &second));
        drop(first);
        assert_eq!(registry.len(), 1);
        drop(second);
        assert_eq!(registry.len(), 0);
    }
}
