//! Notebooks whose presence has changed. Announcements are batched, so that many arrivals at once cost little.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use collabry_shared::ids::NotebookId;
use tokio::time::Instant;

/// Arrivals and departures within this time are announced together.
const GATHERED: Duration = Duration::from_millis(250);
/// The delay grows with the number of recipients: a class that connects at once causes a few announcements, not one each.
const FOR_EACH: Duration = Duration::from_millis(5);
const AT_MOST: Duration = Duration::from_secs(3);

/// Notebooks with a pending announcement, each once, however many people came and went.
#[derive(Debug, Clone, Default)]
pub(in crate::realtime) struct Announcements(Arc<Mutex<HashMap<NotebookId, Due>>>);

#[derive(Debug, Clone, Copy)]
struct Due {
    at: Instant,
    /// How many came or went since it became due.
    changes: u32,
}

impl Announcements {
    /// Somebody came or went.
    pub fn changed(&self, notebook: NotebookId) {
        self.changed_at(notebook, Instant::now());
    }

    fn changed_at(&self, notebook: NotebookId, now: Instant) {
        let mut waiting = self.lock();
        let due = waiting.entry(notebook).or_insert(Due { at: now + GATHERED, changes: 0 });
        due.changes = due.changes.saturating_add(1);
        // Put off with each who comes, and never beyond what the first of them bears.
        if FOR_EACH.saturating_mul(due.changes) < AT_MOST {
            due.at += FOR_EACH;
        }
    }

    pub fn take_due(&self, now: Instant) -> Vec<NotebookId> {
        self.lock().extract_if(|_, due| due.at <= now).map(|(notebook, _)| notebook).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<NotebookId, Due>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use collabry_shared::ids::NotebookId;
    use tokio::time::Instant;

    use super::{AT_MOST, Announcements, FOR_EACH, GATHERED};

    #[test]
    fn those_who_come_together_are_announced_together() {
        let (announcements, notebook, other) = (Announcements::default(), NotebookId::new(), NotebookId::new());
        let begun = Instant::now();
        for _ in 0..200 {
            announcements.changed_at(notebook, begun);
        }
        announcements.changed_at(other, begun);
        assert!(announcements.take_due(begun).is_empty());
        assert_eq!(announcements.take_due(begun + GATHERED + FOR_EACH), [other]);
        let later = begun + GATHERED + FOR_EACH * 200;
        assert_eq!(announcements.take_due(later), [notebook]);
        assert!(announcements.take_due(later + AT_MOST).is_empty(), "once");
    }

    #[test]
    fn a_stream_of_people_does_not_put_it_off_for_ever() {
        let (announcements, notebook, begun) = (Announcements::default(), NotebookId::new(), Instant::now());
        let told = (0..10_000).filter(|n| {
            let now = begun + FOR_EACH / 5 * *n;
            announcements.changed_at(notebook, now);
            !announcements.take_due(now).is_empty()
        });
        let (told, over) = (told.count(), FOR_EACH / 5 * 10_000);
        let least = over.as_millis() / (AT_MOST + GATHERED + FOR_EACH).as_millis();
        assert!(told as u128 >= least && told < 100, "{told}, at least {least}");
    }
}
