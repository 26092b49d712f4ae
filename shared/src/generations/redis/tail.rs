//! Logs that are read in this process: each is followed once, however many read it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::pipe;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::entries::Entries;
use crate::generations::{EventId, LoggedEvent};
use crate::ids::{GenerationId, OwnerId};
use crate::redis::{Redis, keys};

/// Newest events of a log that are kept for its readers; who is further behind reads from Redis.
const WINDOW: usize = 256;
/// A log is followed on for so long after its last reader: one comes back after each event.
const LINGER: Duration = Duration::from_secs(10);

/// The followed logs of this process.
#[derive(Debug)]
pub struct Tails {
    redis: Redis,
    pub wake_key: String,
    by_generation: Mutex<HashMap<GenerationId, Arc<Tail>>>,
    /// Something is to be followed, for a follower that has nothing to follow.
    pub begun: Notify,
}

/// The newest events of one log.
#[derive(Debug)]
pub struct Tail {
    /// Of its stream.
    pub key: String,
    window: Mutex<Window>,
    changed: watch::Sender<()>,
}

#[derive(Debug)]
struct Window {
    /// Without gaps, up to `last`.
    events: VecDeque<LoggedEvent>,
    last: EventId,
    ended: bool,
    followed: bool,
    used: Instant,
}

/// What a tail knows of the events after an id.
pub enum Seen {
    Events(Vec<LoggedEvent>),
    /// No more will come.
    Ended,
    /// None yet; waiting will bring them.
    Nothing,
    /// They are not in memory.
    Unknown,
}

impl Tails {
    pub fn new(redis: Redis, process: OwnerId) -> Self {
        Self { redis, wake_key: keys::wake(process), by_generation: Mutex::default(), begun: Notify::new() }
    }

    pub fn get(&self, id: GenerationId) -> Arc<Tail> {
        let mut tails = lock(&self.by_generation);
        let tail = tails.entry(id).or_insert_with(|| {
            let window =
                Window { events: VecDeque::new(), last: 0, ended: false, followed: false, used: Instant::now() };
            Arc::new(Tail { key: keys::generation(id), window: Mutex::new(window), changed: watch::Sender::default() })
        });
        tail.window().used = Instant::now();
        Arc::clone(tail)
    }

    /// Follows a log from where it was just read, and wakes the follower for it; `false`: it was followed already.
    pub async fn follow(&self, tail: &Tail, entries: &Entries) -> bool {
        if !tail.begin(entries) {
            return false;
        }
        self.begun.notify_one();
        let ttl = i64::try_from(keys::WAKE_TTL.as_secs()).unwrap_or(i64::MAX);
        let mut waking = pipe();
        waking.cmd("XADD").arg(&self.wake_key).arg("MAXLEN").arg(1).arg("*").arg("w").arg(1).ignore();
        waking.expire(&self.wake_key, ttl).ignore();
        if let Err(error) = self.redis.track_errors(waking.exec_async(&mut self.redis.connection()).await) {
            // Its blocking read fails as well, or ends with its time; then it looks.
            tracing::debug!(%error, "the follower was not woken");
        }
        true
    }

    /// The logs to follow, and how far each is known. Those that nobody reads any more are let go.
    pub fn followed(&self) -> Vec<(Arc<Tail>, EventId)> {
        let mut followed = Vec::new();
        lock(&self.by_generation).retain(|_, tail| {
            let window = tail.window();
            let read = Arc::strong_count(tail) > 1 || window.used.elapsed() < LINGER;
            if read && window.followed && !window.ended {
                followed.push((Arc::clone(tail), window.last));
            }
            read
        });
        followed
    }
}

impl Tail {
    /// Wakes at every change from now on.
    pub fn watch(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    pub fn after(&self, after: EventId) -> Seen {
        let window = self.window();
        if !window.followed {
            return Seen::Unknown;
        }
        if after >= window.last {
            return if window.ended { Seen::Ended } else { Seen::Nothing };
        }
        let missing = window.last - after;
        let kept = window.events.len();
        match usize::try_from(missing) {
            Ok(missing) if missing <= kept => Seen::Events(window.events.range(kept - missing..).cloned().collect()),
            _ => Seen::Unknown,
        }
    }

    /// Takes what the follower read.
    pub fn extend(&self, events: Vec<LoggedEvent>) {
        let mut window = self.window();
        for event in events {
            if event.event_id <= window.last {
                continue;
            }
            if event.event_id != window.last + 1 {
                // The first events of a very long log were dropped before they were read.
                window.events.clear();
            }
            window.last = event.event_id;
            window.ended = event.event.is_final();
            window.events.push_back(event);
            if window.events.len() > WINDOW {
                window.events.pop_front();
            }
        }
        drop(window);
        self.changed.send_replace(());
    }

    /// `true`: it was not followed yet.
    fn begin(&self, entries: &Entries) -> bool {
        let mut window = self.window();
        if window.followed {
            return false;
        }
        (window.followed, window.last, window.ended) = (true, entries.last, entries.ended);
        drop(window);
        self.changed.send_replace(());
        true
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        lock(&self.window)
    }
}

/// Every change under these locks is a single step, so what a panicking thread leaves behind is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
