//! Notices that Redis is away or refuses writes, and that it is back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::ConnectionManager;
use redis::{ErrorKind, InfoDict, RedisError, RedisResult, ServerErrorKind};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::channels::Subscribers;
use super::keys;
use super::link::Link;
use super::outage::{OutageKind, Outages};

const PROBE_INTERVAL: Duration = Duration::from_secs(1);
/// After a command that failed: many fail at once.
const FAILURE_BATCH_DELAY: Duration = Duration::from_millis(20);
/// While it is away: the first wait, which doubles up to the longest.
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(250);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(2);
/// Its memory is asked for less often than for a sign of life.
const MEMORY_INTERVAL: Duration = Duration::from_secs(10);

/// What a process knows of its Redis.
#[derive(Debug)]
pub(super) struct Health {
    up: AtomicBool,
    refuses_writes: AtomicBool,
    /// Bytes, and how many it may have; 0: no limit.
    pub used_memory: AtomicU64,
    pub max_memory: AtomicU64,
    /// Connections lost so far; with each go its subscriptions.
    pub losses: AtomicU64,
    suspected: Notify,
    /// How often Redis came back.
    recoveries: watch::Sender<u64>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            up: AtomicBool::new(true),
            refuses_writes: AtomicBool::new(false),
            used_memory: AtomicU64::new(0),
            max_memory: AtomicU64::new(0),
            losses: AtomicU64::new(0),
            suspected: Notify::new(),
            recoveries: watch::Sender::default(),
        }
    }
}

impl Health {
    pub fn is_up(&self) -> bool {
        self.up.load(Ordering::Acquire)
    }

    /// It answers, and takes no writes: its memory is full, its disk is, or it is a replica.
    pub fn refuses_writes(&self) -> bool {
        self.refuses_writes.load(Ordering::Acquire)
    }

    pub fn recoveries(&self) -> watch::Receiver<u64> {
        self.recoveries.subscribe()
    }

    /// A command failed: look now.
    pub fn suspect(&self) {
        self.suspected.notify_one();
    }

    /// The connection ended.
    pub fn connection_lost(&self) {
        self.losses.fetch_add(1, Ordering::AcqRel);
        self.up.store(false, Ordering::Release);
        self.suspect();
    }

    /// It does not answer, or not as it should; nobody may have said that the connection ended.
    fn mark_down(&self) {
        if self.up.swap(false, Ordering::AcqRel) {
            self.losses.fetch_add(1, Ordering::AcqRel);
        }
    }
}

/// What a look found.
enum ProbeResult {
    Healthy,
    /// It answers, and takes no writes.
    RefusesWrites(RedisError),
    Down(RedisError),
}

/// Asks for a sign of life again and again, which is also what makes the connection come back. What was subscribed is
/// subscribed again before anyone is logged_at.
pub(super) async fn run(link: Arc<Link>, subscribers: Arc<Subscribers>, health: Arc<Health>) {
    let (mut settled, mut renewed) = (0, false);
    let (mut outages, mut measured, mut tried) = (Outages::default(), None, 0_u32);
    loop {
        measure(&link, &health, &mut measured).await;
        tried = pause(&health, tried).await;
        let losses = health.losses.load(Ordering::Acquire);
        let refused = match probe(&mut link.manager()).await {
            ProbeResult::Down(error) => {
                health.mark_down();
                outages.report(OutageKind::Away, &error.to_string());
                // Whatever the error was: only a new connection can be known to be well.
                match link.renew() {
                    Ok(()) => renewed = true,
                    Err(error) => tracing::error!(%error, "no new connection to Redis can be prepared"),
                }
                continue;
            }
            ProbeResult::RefusesWrites(error) => Some(error),
            ProbeResult::Healthy => None,
        };
        let mut returned = health.refuses_writes.swap(refused.is_some(), Ordering::AcqRel) && refused.is_none();
        if !health.is_up() || losses != settled || renewed {
            if let Err(error) = subscribers.resubscribe(&link.manager()).await {
                outages.report(OutageKind::Away, &error.to_string());
                continue;
            }
            if health.losses.load(Ordering::Acquire) != losses {
                continue;
            }
            outages.reconnected();
            (settled, renewed, returned) = (losses, false, true);
            health.up.store(true, Ordering::Release);
        }
        // Who had something to say meanwhile may not have been able to.
        if returned {
            subscribers.mark_all_gaps();
        }
        match refused {
            Some(error) => outages.report(OutageKind::RefusesWrites, &error.to_string()),
            None => outages.end(),
        }
        if returned {
            health.recoveries.send_modify(|times| *times += 1);
        }
    }
}

/// Until the next look; returns how many looks in a row found something wrong, this next one included.
async fn pause(health: &Health, tried: u32) -> u32 {
    if !health.is_up() || health.refuses_writes() {
        tokio::time::sleep(retry_delay(tried, rand::random())).await;
        return tried.saturating_add(1);
    }
    // A pause passes without news, or a failed command cuts it short.
    if tokio::time::timeout(PROBE_INTERVAL, health.suspected.notified()).await.is_ok() {
        tokio::time::sleep(FAILURE_BATCH_DELAY).await;
    }
    0
}

/// How long a Redis is left alone that was found away so often. `jitter` is from 0 to 1: half of the wait is random, so that
/// the processes of an installation do not all come at once to a server that has just started.
fn retry_delay(tried: u32, jitter: f64) -> Duration {
    let longest = FIRST_RETRY_DELAY.saturating_mul(1 << tried.min(16)).min(MAX_RETRY_DELAY);
    longest.mul_f64(0.5 + jitter / 2.0)
}

/// Asks for an answer, and for a write that changes nothing.
async fn probe(connection: &mut ConnectionManager) -> ProbeResult {
    if let Err(error) = redis::cmd("PING").exec_async(connection).await {
        return ProbeResult::Down(error);
    }
    match redis::cmd("SETRANGE").arg(keys::PROBE).arg(0).arg("").exec_async(connection).await {
        Ok(()) => ProbeResult::Healthy,
        Err(error) if is_elsewhere(&error) => ProbeResult::Down(error),
        Err(error) => ProbeResult::RefusesWrites(error),
    }
}

/// Whether another connection may lead to a server that takes writes: a replica's name may stand for its primary by then.
fn is_elsewhere(error: &RedisError) -> bool {
    use ServerErrorKind::{BusyLoading, MasterDown, Moved, ReadOnly};

    match error.kind() {
        ErrorKind::Server(kind) => matches!(kind, BusyLoading | MasterDown | Moved | ReadOnly),
        // In its own words: OOM, MISCONF, NOREPLICAS.
        ErrorKind::Extension => false,
        _ => true,
    }
}

/// Asks for the memory in use, now and then.
async fn measure(link: &Link, health: &Health, measured: &mut Option<Instant>) {
    if !health.is_up() || measured.is_some_and(|at| at.elapsed() < MEMORY_INTERVAL) {
        return;
    }
    *measured = Some(Instant::now());
    let info: RedisResult<InfoDict> = redis::cmd("INFO").arg("memory").query_async(&mut link.manager()).await;
    match info {
        Ok(info) => {
            health.used_memory.store(info.get("used_memory").unwrap_or_default(), Ordering::Release);
            health.max_memory.store(info.get("maxmemory").unwrap_or_default(), Ordering::Release);
        }
        Err(error) => {
            tracing::debug!(%error, "the memory of Redis is not known");
            health.suspect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FIRST_RETRY_DELAY, MAX_RETRY_DELAY, retry_delay};

    #[test]
    fn a_redis_that_stays_away_is_asked_less_and_less_and_never_at_the_same_time_by_all() {
        let longest: Vec<_> = (0..5).map(|tried| retry_delay(tried, 1.0).as_millis()).collect();
        assert_eq!(longest, [250, 500, 1_000, 2_000, 2_000]);
        assert_eq!(retry_delay(u32::MAX, 1.0), MAX_RETRY_DELAY, "bounded, however long it is away");
        assert_eq!((retry_delay(0, 0.0), retry_delay(u32::MAX, 0.0)), (FIRST_RETRY_DELAY / 2, MAX_RETRY_DELAY / 2));
    }
}
