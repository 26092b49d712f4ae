//! The time that the processes of an installation agree on.
//!
//! Leases, job slots and sessions end at moments in time, and a process whose machine runs ahead would treat everybody
//! else's as expired. So the clock of what all processes share counts: Redis or the database. A process reads it at the
//! start and periodically, and advances it in between with its own monotonic clock. A machine's clock that is wrong, or
//! that is corrected, has no effect.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Clock;

/// A larger offset of the clock of a machine is logged: it should be corrected all the same, if only for the sake of its log.
pub const MAX_OFFSET: SignedDuration = SignedDuration::from_secs(1);

const SYNC_INTERVAL: Duration = Duration::from_secs(5);

/// How many queries one reading takes; the quickest one is the most exact.
const QUERIES: usize = 3;

/// How long one query may take. A longer round trip says too little about when the answer was true.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Smaller differences are not corrected.
const MIN_STEP: SignedDuration = SignedDuration::from_millis(50);

pub type TimeError = Box<dyn Error + Send + Sync>;

/// A server that all processes share and whose clock counts.
#[async_trait]
pub trait TimeServer: Send + Sync {
    /// The name for people.
    fn name(&self) -> &'static str;
    async fn time(&self) -> Result<Timestamp, TimeError>;
}

/// A reading of the clock of a server: it was `time` at `at`, give or take `error`.
#[derive(Debug, Clone, Copy)]
struct Reading {
    time: Timestamp,
    at: Instant,
    error: SignedDuration,
}

impl Reading {
    async fn from(server: &dyn TimeServer) -> Result<Self, TimeError> {
        let mut best: Option<Self> = None;
        for _ in 0..QUERIES {
            let asked = Instant::now();
            let time = tokio::time::timeout(TIMEOUT, server.time()).await??;
            let half = asked.elapsed() / 2;
            let error = SignedDuration::try_from(half).unwrap_or(SignedDuration::MAX);
            if best.is_none_or(|best| error < best.error) {
                best = Some(Self { time, at: asked + half, error });
            }
        }
        best.ok_or_else(|| "it was not asked".into())
    }

    /// Milliseconds: what the databases keep, so that a value read back equals the value written.
    fn now(&self) -> Timestamp {
        let now = self.time.saturating_add(self.at.elapsed()).unwrap_or(Timestamp::MAX);
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}

/// How far `clock` is ahead of a server; zero when the difference is within the reading's error.
pub async fn ahead_of(server: &dyn TimeServer, clock: &dyn Clock) -> Result<SignedDuration, TimeError> {
    let reading = Reading::from(server).await?;
    let ahead = clock.now().duration_since(reading.now());
    Ok(if ahead.abs() <= reading.error { SignedDuration::ZERO } else { ahead })
}

/// The time of the server that it follows; the machine's time before that, and where processes share nothing.
pub struct AgreedClock {
    machine: Arc<dyn Clock>,
    server: OnceLock<Arc<dyn TimeServer>>,
    reading: RwLock<Option<Reading>>,
    /// How many seconds the machine's clock is ahead.
    offset: Gauge<f64, AtomicU64>,
    warned: AtomicBool,
}

impl AgreedClock {
    pub fn new(machine: Arc<dyn Clock>) -> Self {
        Self {
            machine,
            server: OnceLock::new(),
            reading: RwLock::default(),
            offset: Gauge::default(),
            warned: AtomicBool::new(false),
        }
    }

    /// `registry` is the one whose names begin with `collabry_`.
    pub fn register(&self, registry: &mut Registry) {
        let help = "How far the clock of this machine is ahead of that of Redis, or of the database";
        registry.register("clock_offset_seconds", help, self.offset.clone());
    }

    /// Follows the time of `server` from now on.
    pub async fn follow(&self, server: Arc<dyn TimeServer>) -> Result<(), TimeError> {
        let server = self.server.get_or_init(|| server);
        self.apply(Reading::from(server.as_ref()).await?, server.name());
        Ok(())
    }

    /// Reads the server's clock periodically. While the server is unavailable, time advances from its last answer.
    pub async fn run(&self) -> Infallible {
        loop {
            tokio::time::sleep(SYNC_INTERVAL).await;
            let Some(server) = self.server.get() else { continue };
            match Reading::from(server.as_ref()).await {
                Ok(reading) => self.apply(reading, server.name()),
                Err(error) => tracing::debug!(%error, "{} does not say what time it is", server.name()),
            }
        }
    }

    fn apply(&self, reading: Reading, name: &str) {
        let ahead = self.machine.now().duration_since(reading.now());
        self.offset.set(ahead.as_secs_f64());
        let far = ahead.abs() > MAX_OFFSET.saturating_add(reading.error);
        let seconds = ahead.as_secs_f64();
        match (far, self.warned.swap(far, Ordering::Relaxed)) {
            (true, false) => tracing::warn!(
                seconds,
                "the clock of this machine is ahead (or behind, if negative) of that of {name}, which counts; set it right"
            ),
            (false, true) => tracing::info!(seconds, "the clock of this machine agrees with that of {name} again"),
            _ => {}
        }
        let mut current = self.reading.write().unwrap_or_else(PoisonError::into_inner);
        let steady =
            |current: &Reading| current.now().duration_since(reading.now()).abs() <= MIN_STEP.max(reading.error);
        if !current.as_ref().is_some_and(steady) {
            *current = Some(reading);
        }
    }
}

impl Clock for AgreedClock {
    fn now(&self) -> Timestamp {
        let reading = *self.reading.read().unwrap_or_else(PoisonError::into_inner);
        reading.map_or_else(|| self.machine.now(), |reading| reading.now())
    }
}

impl fmt::Debug for AgreedClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgreedClock").field("now", &self.now()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::clock::{ManualClock, SystemClock};

    /// A server that is `behind` the machine, or away.
    #[derive(Default)]
    struct Server(Mutex<Option<SignedDuration>>);

    #[async_trait]
    impl TimeServer for Server {
        fn name(&self) -> &'static str {
            "the server"
        }

        async fn time(&self) -> Result<Timestamp, TimeError> {
            let behind = self.0.lock().unwrap().ok_or("away")?;
            Ok(SystemClock.now().saturating_sub(behind)?)
        }
    }

    fn near(clock: &dyn Clock, expected: Timestamp) -> bool {
        clock.now().duration_since(expected).abs() < SignedDuration::from_secs(60)
    }

    #[tokio::test]
    async fn a_machine_that_is_wrong_or_put_right_moves_nothing() {
        let hour = SignedDuration::from_hours(1);
        let machine = ManualClock::at(SystemClock.now() + hour * 2);
        let clock = AgreedClock::new(Arc::new(machine.clone()));
        assert_eq!(clock.now(), machine.now(), "nothing is shared");
        let server = Arc::new(Server(Mutex::new(Some(hour))));
        clock.follow(server.clone()).await.unwrap();
        assert!(near(&clock, SystemClock.now() - hour));
        assert!((clock.offset.get() - 3.0 * 3600.0).abs() < 60.0, "{}", clock.offset.get());
        machine.advance(-hour * 5);
        assert!(near(&clock, SystemClock.now() - hour));

        // What the server says later counts; while it is away time goes on.
        *server.0.lock().unwrap() = None;
        assert!(clock.follow(server.clone()).await.is_err());
        assert!(near(&clock, SystemClock.now() - hour));
        *server.0.lock().unwrap() = Some(SignedDuration::ZERO);
        clock.follow(server.clone()).await.unwrap();
        assert!(near(&clock, SystemClock.now()));
    }

    #[tokio::test]
    async fn a_clock_is_held_against_a_servers() {
        let server = Server(Mutex::new(Some(SignedDuration::from_secs(12))));
        let ahead = ahead_of(&server, &SystemClock).await.unwrap();
        assert!(ahead > SignedDuration::from_secs(10), "{ahead:?}");
    }
}
