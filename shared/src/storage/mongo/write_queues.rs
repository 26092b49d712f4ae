//! Queues of writers within this process.

use std::hash::{BuildHasher as _, RandomState};

use tokio::sync::{Mutex, MutexGuard};

use crate::ids::ConversationId;

/// More than the connections of one process; of two logs that share one, each waits for the other now and then.
const QUEUES: usize = 256;

/// Lets writers of the same log wait for each other. Not needed for safety, which unique indexes give across processes:
/// without it those of one process would race for the same place, and all but one of them try again.
#[derive(Debug)]
pub(crate) struct WriteQueues {
    queues: Vec<Mutex<Option<Reached>>>,
    hasher: RandomState,
}

/// The log that was written last in a queue, and up to where it is whole.
type Reached = (ConversationId, i64);

impl Default for WriteQueues {
    fn default() -> Self {
        Self { queues: std::iter::repeat_with(Mutex::default).take(QUEUES).collect(), hasher: RandomState::new() }
    }
}

impl WriteQueues {
    /// Holds the turn for a log until the guard is dropped.
    pub async fn take(&self, log: ConversationId) -> WriteTurn<'_> {
        let queue = self.hasher.hash_one(log) % QUEUES as u64;
        WriteTurn { log, reached: self.queues[usize::try_from(queue).unwrap_or_default()].lock().await }
    }
}

#[derive(Debug)]
pub(crate) struct WriteTurn<'a> {
    log: ConversationId,
    reached: MutexGuard<'a, Option<Reached>>,
}

impl WriteTurn<'_> {
    /// The last place that is known to be taken: `head`, or what this process has written since that was read.
    pub fn last(&self, head: i64) -> i64 {
        self.reached.filter(|(log, _)| *log == self.log).map_or(head, |(_, place)| place.max(head))
    }

    /// This process has written the place, and the log's head has been moved there.
    pub fn reached(&mut self, place: i64) {
        *self.reached = Some((self.log, self.last(place)));
    }
}
