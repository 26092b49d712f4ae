//! The log of a generation's events in Redis: one stream for each, its entry `0-n` is event `n`.
//!
//! Readers see only what is in Redis. The process that appends keeps the events of its generations in memory as well:
//! an append while Redis is away, or full, succeeds and is written later, and what a Redis that came back lacks is
//! written again. A finished log lives for minutes: later readers are told from the stored answer.

mod entries;
mod follower;
mod tail;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use self::tail::{Seen, Tails};
use self::writer::Writer;
use super::{EventId, GenerationEvent, GenerationLog, LoggedEvent};
use crate::ids::{GenerationId, OwnerId};
use crate::redis::Redis;
use crate::storage::StoreResult;

/// The generation logs of all processes that share a Redis.
#[derive(Debug)]
pub struct RedisLog {
    redis: Redis,
    writer: Arc<Writer>,
    tails: Arc<Tails>,
    _tasks: [AbortOnDropHandle<()>; 2],
}

impl RedisLog {
    /// Starts the one reader of all followed logs, and what brings Redis up to date; both end with this handle.
    /// `process` is unlike that of any other process.
    pub fn new(redis: Redis, process: OwnerId) -> Self {
        let writer = Arc::new(Writer::new(redis.clone(), process));
        let tails = Arc::new(Tails::new(redis.clone(), process));
        let follower = follower::run(Arc::clone(&tails), redis.clone());
        let catching_up = writer::catch_up(Arc::clone(&writer));
        let tasks = [tokio::spawn(follower), tokio::spawn(catching_up)].map(AbortOnDropHandle::new);
        Self { redis, writer, tails, _tasks: tasks }
    }

    /// Waits for Redis, until the deadline at most.
    async fn wait_for_redis(&self, deadline: Instant) {
        let mut recoveries = self.redis.recoveries();
        if self.redis.is_up() {
            // It failed just now and nobody knows yet: not at once again.
            tokio::time::sleep_until(deadline.min(Instant::now() + follower::PAUSE)).await;
        } else {
            // Either way the caller looks again.
            let _ = timeout_at(deadline, recoveries.changed()).await;
        }
    }
}

#[async_trait]
impl GenerationLog for RedisLog {
    async fn append(&self, id: GenerationId, event: &GenerationEvent) -> StoreResult<EventId> {
        self.writer.append(id, event).await
    }

    async fn take(&self, id: GenerationId) -> StoreResult<()> {
        self.writer.take(id).await
    }

    async fn read(&self, id: GenerationId, after: EventId, wait: Duration) -> StoreResult<Vec<LoggedEvent>> {
        if wait.is_zero() {
            self.redis.require_up()?;
            let entries = self.redis.track_errors(entries::after(&mut self.redis.connection(), id, after).await)?;
            return Ok(entries.events);
        }
        let deadline = Instant::now() + wait;
        loop {
            let tail = self.tails.get(id);
            // Watching begins before looking, so that no event falls in between.
            let mut changes = tail.watch();
            match tail.after(after) {
                Seen::Events(events) => return Ok(events),
                Seen::Ended => return Ok(Vec::new()),
                Seen::Nothing => {
                    if timeout_at(deadline, changes.changed()).await.is_err() {
                        return Ok(Vec::new());
                    }
                }
                // Not followed from here: Redis knows.
                Seen::Unknown => {
                    match self.redis.track_errors(entries::after(&mut self.redis.connection(), id, after).await) {
                        Ok(entries) if !entries.events.is_empty() => {
                            self.tails.follow(&tail, &entries).await;
                            return Ok(entries.events);
                        }
                        Ok(entries) if self.tails.follow(&tail, &entries).await => {}
                        Ok(_) => {
                            // Redis lost what was read from it: its writer brings it back, or nobody does.
                            let _ = timeout_at(deadline.min(Instant::now() + follower::PAUSE), changes.changed()).await;
                            if Instant::now() >= deadline {
                                return Ok(Vec::new());
                            }
                        }
                        Err(error) => {
                            tracing::debug!(%id, %error, "the log is read once Redis is back");
                            self.wait_for_redis(deadline).await;
                            if Instant::now() >= deadline {
                                return Ok(Vec::new());
                            }
                        }
                    }
                }
            }
        }
    }

    async fn last_event_id(&self, id: GenerationId) -> StoreResult<EventId> {
        self.redis.require_up()?;
        self.redis.track_errors(entries::last(&mut self.redis.connection(), id).await)
    }

    /// Streams expire by themselves.
    async fn forget(&self, _before: Timestamp) -> StoreResult<u64> {
        Ok(0)
    }
}
