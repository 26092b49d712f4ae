//! The one task that writes the generation log: it gathers what many generations append at the same time into one
//! transaction, and shows events only once they are in the journal.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::journal::{self, Entry};
use super::live::{Live, Registry, View};
use crate::clock::Clock;
use crate::generations::{EventId, GenerationEvent, LoggedEvent};
use crate::ids::GenerationId;
use crate::storage::sqlite::Database;
use crate::storage::{StoreError, StoreResult};

/// Commands gathered into one transaction at most.
const BATCH: usize = 256;

#[derive(Debug)]
pub enum Command {
    Append { id: GenerationId, event: GenerationEvent, reply: oneshot::Sender<StoreResult<EventId>> },
    Forget { id: GenerationId, before: Timestamp, reply: oneshot::Sender<StoreResult<bool>> },
}

#[derive(Debug)]
pub struct Writer {
    pub journal: Database,
    pub registry: Arc<Registry>,
    pub clock: Arc<dyn Clock>,
    /// Logs that have begun and not ended. Their events are in memory because these references are.
    pub open: HashMap<GenerationId, Arc<Live>>,
}

/// Appends of one transaction: what is to be written, and who waits to hear of it.
#[derive(Default)]
struct Batch {
    entries: Vec<Entry>,
    replies: Vec<(oneshot::Sender<StoreResult<EventId>>, EventId)>,
    /// The last event of each generation in this batch, its own appends included.
    last: HashMap<GenerationId, Option<Last>>,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    id: EventId,
    ended: bool,
}

impl Writer {
    /// Runs until every handle on the log is gone.
    pub async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut gathered = Vec::with_capacity(BATCH);
        while commands.recv_many(&mut gathered, BATCH).await > 0 {
            let mut batch = Batch::default();
            for command in gathered.drain(..) {
                match command {
                    Command::Append { id, event, reply } => self.stage(&mut batch, id, event, reply).await,
                    Command::Forget { id, before, reply } => {
                        // In the order in which they came: what was appended before is written before.
                        self.commit(std::mem::take(&mut batch)).await;
                        answer(reply, self.forget(id, before).await);
                    }
                }
            }
            self.commit(batch).await;
        }
    }

    async fn stage(
        &mut self,
        batch: &mut Batch,
        id: GenerationId,
        event: GenerationEvent,
        reply: oneshot::Sender<StoreResult<EventId>>,
    ) {
        let last = match batch.last.get(&id) {
            Some(last) => *last,
            None => match self.last(id).await {
                Ok(last) => last,
                Err(error) => return answer(reply, Err(error)),
            },
        };
        if let Some(Last { id: last, ended: true }) = last {
            // Not written, but answered with the rest: the end itself may be in this batch.
            batch.replies.push((reply, last));
            return;
        }
        let event_id = last.map_or(1, |last| last.id + 1);
        batch.last.insert(id, Some(Last { id: event_id, ended: event.is_final() }));
        batch.entries.push(Entry { generation: id, logged: LoggedEvent { event_id, event } });
        batch.replies.push((reply, event_id));
    }

    /// The last event of a log, which is taken into memory if it is not there.
    async fn last(&mut self, id: GenerationId) -> StoreResult<Option<Last>> {
        if let Some(live) = self.open.get(&id)
            && let View::Open { events, ended } = live.after(0)
        {
            return Ok(events.last().map(|last| Last { id: last.event_id, ended }));
        }
        let events = journal::read(&self.journal.write, id, 0).await?;
        let last = events.last().map(|last| Last { id: last.event_id, ended: last.event.is_final() });
        if !last.is_some_and(|last| last.ended) {
            let live = self.registry.get(id);
            live.open(events);
            self.open.insert(id, live);
        }
        Ok(last)
    }

    async fn commit(&mut self, batch: Batch) {
        let written = if batch.entries.is_empty() {
            Ok(())
        } else {
            journal::write(&self.journal, &batch.entries, self.clock.now()).await
        };
        match written {
            Ok(()) => {
                for Entry { generation, logged } in batch.entries {
                    self.show(generation, logged);
                }
                for (reply, id) in batch.replies {
                    answer(reply, Ok(id));
                }
            }
            Err(error) => {
                tracing::error!(%error, events = batch.entries.len(), "the generation journal cannot be written");
                for (reply, _) in batch.replies {
                    answer(reply, Err(StoreError::Unavailable(error.to_string())));
                }
            }
        }
    }

    fn show(&mut self, id: GenerationId, logged: LoggedEvent) {
        let ended = logged.event.is_final();
        if let Some(live) = self.open.get(&id) {
            live.show(logged);
        }
        if ended {
            // Whoever reads it now keeps it in memory until they are done; later readers ask the journal.
            self.open.remove(&id);
        }
    }

    async fn forget(&mut self, id: GenerationId, before: Timestamp) -> StoreResult<bool> {
        let removed = journal::remove(&self.journal, id, before).await?;
        if removed {
            self.open.remove(&id);
        }
        Ok(removed)
    }
}

/// A caller that has gone does not hear it; what it asked for is done all the same.
fn answer<T>(reply: oneshot::Sender<T>, value: T) {
    if reply.send(value).is_err() {
        tracing::debug!("nobody waits for the answer any more");
    }
}
