//! Monitors Redis: notices when it is down or refuses writes, and when it recovers.

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
/// The delay before the probe that a failed command triggers, because many fail at once.
const FAILURE_BATCH_DELAY: Duration = Duration::from_millis(20);
/// The first delay between probes while Redis is down; it doubles up to the maximum.
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(250);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(2);
/// How often the memory in use is read.
const MEMORY_INTERVAL: Duration = Duration::from_secs(10);

/// What a process knows of its Redis.
#[derive(Debug)]
pub(super) struct Health {
    up: AtomicBool,
    refuses_writes: AtomicBool,
    /// Bytes in use, and the maximum; 0: no limit.
    pub used_memory: AtomicU64,
    pub max_memory: AtomicU64,
    /// How many connections were lost so far; with each go its subscriptions.
    pub losses: AtomicU64,
    suspected: Notify,
    /// How many times Redis recovered.
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

    /// Whether Redis answers but refuses writes: its memory or disk is full, or it is a replica.
    pub fn refuses_writes(&self) -> bool {
        self.refuses_writes.load(Ordering::Acquire)
    }

    pub fn recoveries(&self) -> watch::Receiver<u64> {
        self.recoveries.subscribe()
    }

    /// Triggers a probe, after a command failed.
    pub fn suspect(&self) {
        self.suspected.notify_one();
    }

    /// Records that the connection ended.
    pub fn connection_lost(&self) {
        self.losses.fetch_add(1, Ordering::AcqRel);
        self.up.store(false, Ordering::Release);
        self.suspect();
    }

    /// Records that Redis does not answer as it should; the end of the connection may not have been reported.
    fn mark_down(&self) {
        if self.up.swap(false, Ordering::AcqRel) {
            self.losses.fetch_add(1, Ordering::AcqRel);
        }
    }
}

/// The result of a probe.
enum ProbeResult {
    Healthy,
    /// Redis answers but refuses writes.
    RefusesWrites(RedisError),
    Down(RedisError),
}

/// Probes Redis again and again, which also restores the connection. Channels are subscribed again before a recovery is
/// announced.
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
                // Whatever the error was: only a new connection is known to be good.
                match link.renew() {
                    Ok(()) => renewed = true,
                    Err(error) => tracing::error!(%error, "cannot prepare a new connection to Redis"),
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
        // Publishers may have failed meanwhile.
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

/// Waits until the next probe; returns how many probes in a row failed, the next one included.
async fn pause(health: &Health, tried: u32) -> u32 {
    if !health.is_up() || health.refuses_writes() {
        tokio::time::sleep(retry_delay(tried, rand::random())).await;
        return tried.saturating_add(1);
    }
    // The interval passes, or a failed command cuts it short.
    if tokio::time::timeout(PROBE_INTERVAL, health.suspected.notified()).await.is_ok() {
        tokio::time::sleep(FAILURE_BATCH_DELAY).await;
    }
    0
}

/// The delay after this many failed probes. `jitter` is from 0 to 1: half of the delay is random, so that the processes of
/// an installation do not all connect at once to a server that has just started.
fn retry_delay(tried: u32, jitter: f64) -> Duration {
    let longest = FIRST_RETRY_DELAY.saturating_mul(1 << tried.min(16)).min(MAX_RETRY_DELAY);
    longest.mul_f64(0.5 + jitter / 2.0)
}

/// Sends a ping and a write that changes nothing.
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

/// Whether another connection may reach a server that accepts writes: a replica's name may point to its primary by then.
fn is_elsewhere(error: &RedisError) -> bool {
    use ServerErrorKind::{BusyLoading, MasterDown, Moved, ReadOnly};

    match error.kind() {
        ErrorKind::Server(kind) => matches!(kind, BusyLoading | MasterDown | Moved | ReadOnly),
        // Errors that the library has no kind for: OOM, MISCONF, NOREPLICAS.
        ErrorKind::Extension => false,
        _ => true,
    }
}

/// Reads the memory in use, if it is time.
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
            tracing::debug!(%error, "cannot read the memory of Redis");
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
