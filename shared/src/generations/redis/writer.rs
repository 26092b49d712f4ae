//! The appending side: numbers events, keeps them while their generation runs, and brings Redis up to date.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, MissedTickBehavior};

use super::entries::{self, Batch, MAX_EVENTS, Written};
use crate::generations::{EventId, GenerationEvent};
use crate::ids::{GenerationId, OwnerId};
use crate::redis::{Redis, keys};
use crate::storage::{StoreError, StoreResult};

/// An ended log is kept so long, for a Redis that lost it or does not have it yet. Later its readers are told from the
/// stored answer, as all are whose log is gone.
const RETAIN: Duration = Duration::from_mins(1);
/// A log that does not end belongs to a generation that went on elsewhere.
const IDLE: Duration = Duration::from_mins(10);
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Events written at once.
const CHUNK: usize = 500;
/// A write that finds Redis changed under it is tried again; each try sees more of what is there.
const TRIES: u32 = 8;

#[derive(Debug)]
pub struct Writer {
    redis: Redis,
    process: String,
    open: std::sync::Mutex<HashMap<GenerationId, Arc<Mutex<Open>>>>,
}

/// A log that this process writes.
#[derive(Debug, Default)]
struct Open {
    /// As JSON; the first has the id `dropped + 1`.
    events: VecDeque<String>,
    /// Events before these.
    dropped: EventId,
    /// The last event that Redis is known to have.
    written: EventId,
    /// Whether it is known what others wrote before. Until then ids are provisional, which nobody sees.
    loaded: bool,
    ended: bool,
    touched: Option<Instant>,
}

impl Open {
    fn last(&self) -> EventId {
        self.dropped + self.events.len() as EventId
    }

    fn is_written(&self) -> bool {
        self.loaded && self.written >= self.last()
    }

    fn push(&mut self, event: String, ended: bool) -> StoreResult<()> {
        if self.events.len() >= MAX_EVENTS {
            if self.written <= self.dropped {
                return Err(StoreError::Unavailable("the log of this generation is full".to_owned()));
            }
            self.events.pop_front();
            self.dropped += 1;
        }
        self.events.push_back(event);
        self.ended = ended;
        Ok(())
    }

    /// The events that Redis may lack, at most [`CHUNK`].
    fn batch<'a>(&'a self, writer: &'a str) -> Batch<'a> {
        let first = self.written.max(self.dropped) + 1;
        let from = usize::try_from(first - self.dropped - 1).unwrap_or(usize::MAX).min(self.events.len());
        let to = (from + CHUNK).min(self.events.len());
        let events = self.events.range(from..to).map(String::as_str).collect();
        let whole = self.ended && to == self.events.len();
        let ttl = if whole { keys::ENDED_TTL } else { keys::GENERATION_TTL };
        Batch { first, oldest: self.dropped + 1, writer, events, ttl }
    }
}

impl Writer {
    pub fn new(redis: Redis, process: OwnerId) -> Self {
        Self { redis, process: process.to_string(), open: std::sync::Mutex::default() }
    }

    pub async fn append(&self, id: GenerationId, event: &GenerationEvent) -> StoreResult<EventId> {
        let json = serde_json::to_string(event).map_err(|error| StoreError::Damaged(error.to_string()))?;
        let log = self.log(id);
        let mut open = log.lock().await;
        open.touched = Some(Instant::now());
        if !open.loaded && self.redis.accepts_writes() {
            self.try_to(id, self.load(id, &mut open).await)?;
        }
        if open.ended {
            return Ok(open.last());
        }
        open.push(json, event.is_final())?;
        self.write_if_up(id, &mut open).await?;
        Ok(open.last())
    }

    pub async fn take(&self, id: GenerationId) -> StoreResult<()> {
        self.redis.require_up()?;
        self.redis.track_errors(entries::take(&mut self.redis.connection(), id, &self.process).await)
    }

    /// Writes what waits; what cannot be written now waits on, for as long as Redis is away: a log is bounded.
    async fn write_if_up(&self, id: GenerationId, open: &mut MutexGuard<'_, Open>) -> StoreResult<()> {
        if self.redis.accepts_writes() {
            let written = self.write(id, open).await;
            self.try_to(id, written)?;
        }
        Ok(())
    }

    /// A Redis that is away is no error.
    fn try_to(&self, id: GenerationId, result: StoreResult<()>) -> StoreResult<()> {
        match result {
            Err(StoreError::Redis(error)) => {
                tracing::debug!(%id, error, "events are written once Redis is back");
                self.redis.suspect();
                Ok(())
            }
            other => other,
        }
    }

    async fn write(&self, id: GenerationId, open: &mut Open) -> StoreResult<()> {
        for _ in 0..TRIES {
            if !open.loaded {
                self.load(id, open).await?;
            }
            while !open.is_written() {
                let batch = open.batch(&self.process);
                let wanted = batch.first;
                let written = entries::append(&mut self.redis.connection(), id, &batch).await;
                match self.redis.track_errors(written)? {
                    Written::UpTo(last) => {
                        open.written = last.min(open.last());
                        if last < wanted {
                            // It lost some: from there, on the next try.
                            break;
                        }
                    }
                    Written::Conflict => {
                        open.loaded = false;
                        break;
                    }
                    Written::TakenOver => {
                        self.logs().remove(&id);
                        return Err(StoreError::TakenOver("the log of a generation"));
                    }
                }
            }
            if open.is_written() {
                return Ok(());
            }
        }
        Err(StoreError::Redis(format!("the log of {id} changes under its writer")))
    }

    /// Puts what is in Redis before what is not written yet.
    async fn load(&self, id: GenerationId, open: &mut Open) -> StoreResult<()> {
        let there = self.redis.track_errors(entries::after(&mut self.redis.connection(), id, 0).await)?;
        let written = usize::try_from(open.written.saturating_sub(open.dropped)).unwrap_or(usize::MAX);
        let waiting = open.events.split_off(written.min(open.events.len()));
        open.dropped = there.events.first().map_or(0, |first| first.event_id - 1);
        open.events = there
            .events
            .iter()
            .map(|logged| serde_json::to_string(&logged.event))
            .collect::<Result<_, _>>()
            .map_err(|error| StoreError::Damaged(error.to_string()))?;
        open.written = open.last();
        if there.ended {
            // Nothing follows an end.
            open.ended = true;
        } else {
            open.events.extend(waiting);
        }
        open.loaded = true;
        Ok(())
    }

    /// Compares with what Redis has after it came back.
    async fn compare(&self, id: GenerationId) -> StoreResult<()> {
        let log = self.log(id);
        let mut open = log.lock().await;
        if open.loaded {
            let there = self.redis.track_errors(entries::last(&mut self.redis.connection(), id).await)?;
            open.written = open.written.min(there);
        }
        self.write_if_up(id, &mut open).await
    }

    /// Writes what waits, and lets go of what is over.
    async fn settle(&self, id: GenerationId) -> StoreResult<()> {
        let log = self.log(id);
        let mut open = log.lock().await;
        if !open.is_written() {
            self.write_if_up(id, &mut open).await?;
        }
        let idle = open.touched.map_or(IDLE, |touched| touched.elapsed());
        if idle > if open.ended { RETAIN } else { IDLE } {
            if !open.is_written() {
                tracing::info!(%id, "a log that Redis never got is told from the stored answer");
            }
            self.logs().remove(&id);
        }
        Ok(())
    }

    fn log(&self, id: GenerationId) -> Arc<Mutex<Open>> {
        Arc::clone(self.logs().entry(id).or_default())
    }

    fn ids(&self) -> Vec<GenerationId> {
        self.logs().keys().copied().collect()
    }

    fn logs(&self) -> std::sync::MutexGuard<'_, HashMap<GenerationId, Arc<Mutex<Open>>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Brings Redis up to date, now and then and whenever it comes back. Runs until it is dropped.
pub async fn catch_up(writer: Arc<Writer>) {
    let mut recoveries = writer.redis.recoveries();
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let back = tokio::select! {
            _ = ticks.tick() => false,
            changed = recoveries.changed() => changed.is_ok(),
        };
        for id in writer.ids() {
            let done = if back { writer.compare(id).await } else { writer.settle(id).await };
            if let Err(error) = done {
                tracing::warn!(%id, %error, "a generation log is behind");
            }
        }
    }
}
