//! Queues of writers within this process.

use std::hash::{BuildHasher as _, RandomState};

use tokio::sync::{Mutex, MutexGuard};

use crate::ids::ConversationId;

/// More than the connections of one process. Two logs that share a queue wait for each other now and then.
const QUEUES: usize = 256;

/// Queues writers of the same log. Safety does not depend on it, because unique indexes guarantee that across processes.
/// Without it the writers of one process would race for the same place, and all but one would have to retry.
#[derive(Debug)]
pub(crate) struct WriteQueues {
    queues: Vec<Mutex<Option<Reached>>>,
    hasher: RandomState,
}

/// The log that a queue wrote last, and the place up to which it is complete.
type Reached = (ConversationId, i64);

impl Default for WriteQueues {
    fn default() -> Self {
        Self { queues: std::iter::repeat_with(Mutex::default).take(QUEUES).collect(), hasher: RandomState::new() }
    }
}

impl WriteQueues {
    /// Waits for the turn to write to a log; the turn ends when the guard is dropped.
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
    /// The last place known to be taken: `head`, or what this process has written since `head` was read.
    pub fn last(&self, head: i64) -> i64 {
        self.reached.filter(|(log, _)| *log == self.log).map_or(head, |(_, place)| place.max(head))
    }

    /// Records that this process has written the place and moved the log's head there.
    pub fn reached(&mut self, place: i64) {
        *self.reached = Some((self.log, self.last(place)));
    }
}
