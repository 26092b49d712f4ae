//! The generation log of one process.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::journal;
use super::live::{Live, Registry, View};
use super::writer::{Command, Writer};
use crate::clock::Clock;
use crate::generations::{EventId, GenerationEvent, GenerationLog, LoggedEvent};
use crate::ids::GenerationId;
use crate::storage::sqlite::Database;
use crate::storage::{StoreError, StoreResult};

/// Appends that may wait for the writer; beyond it generations wait, so memory stays bounded.
const QUEUE: usize = 1024;

#[derive(Debug)]
pub(crate) struct SqliteLog {
    journal: Database,
    registry: Arc<Registry>,
    commands: mpsc::Sender<Command>,
}

impl SqliteLog {
    /// Starts the writer, which ends with this handle. Nobody has to wait for it: an append is acknowledged by it or
    /// has not happened.
    pub fn new(journal: Database, clock: Arc<dyn Clock>) -> Self {
        let registry = Arc::new(Registry::default());
        let (commands, queue) = mpsc::channel(QUEUE);
        let writer = Writer { journal: journal.clone(), registry: Arc::clone(&registry), clock, open: HashMap::new() };
        tokio::spawn(writer.run(queue));
        Self { journal, registry, commands }
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<StoreResult<T>>) -> Command) -> StoreResult<T> {
        let gone = || StoreError::Unavailable("the writer of the generation log has ended".to_owned());
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// The events after `after`, and whether more may come.
    async fn look(&self, live: &Live, id: GenerationId, after: EventId) -> StoreResult<(Vec<LoggedEvent>, bool)> {
        if let View::Open { events, ended } = live.after(after) {
            return Ok((events, ended));
        }
        loop {
            let events = journal::read(&self.journal.read, id, after).await?;
            if let Some(last) = events.last() {
                let ended = last.event.is_final();
                return Ok((events, ended));
            }
            match journal::last(&self.journal.read, id).await? {
                // It came between the two looks: an end is not told without what leads up to it.
                Some(last) if last.event_id > after => {}
                last => return Ok((events, last.is_some_and(|last| last.event.is_final()))),
            }
        }
    }
}

#[async_trait]
impl GenerationLog for SqliteLog {
    async fn append(&self, id: GenerationId, event: &GenerationEvent) -> StoreResult<EventId> {
        let event = event.clone();
        self.ask(|reply| Command::Append { id, event, reply }).await
    }

    /// There is no other process.
    async fn take(&self, _id: GenerationId) -> StoreResult<()> {
        Ok(())
    }

    async fn read(&self, id: GenerationId, after: EventId, wait: Duration) -> StoreResult<Vec<LoggedEvent>> {
        let deadline = Instant::now() + wait;
        let live = self.registry.get(id);
        // Watching begins before looking, so that no event falls in between.
        let mut changes = live.watch();
        loop {
            let (events, ended) = self.look(&live, id, after).await?;
            if !events.is_empty() || ended {
                return Ok(events);
            }
            if timeout_at(deadline, changes.changed()).await.is_err() {
                return Ok(Vec::new());
            }
        }
    }

    async fn last_event_id(&self, id: GenerationId) -> StoreResult<EventId> {
        Ok(journal::last(&self.journal.read, id).await?.map_or(0, |last| last.event_id))
    }

    async fn forget(&self, before: Timestamp) -> StoreResult<u64> {
        let mut forgotten = 0;
        for id in journal::begun_before(&self.journal.read, before).await? {
            forgotten += u64::from(self.ask(|reply| Command::Forget { id, before, reply }).await?);
        }
        Ok(forgotten)
    }
}
