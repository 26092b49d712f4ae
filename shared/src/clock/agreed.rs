//! The time that the processes of an installation agree on.
//!
//! Leases, slots of jobs and sessions are moments in time, and a process whose machine runs ahead would take everybody
//! else's for lapsed. So what counts is the clock of what all share, Redis or the database: its time is asked for at the
//! start and now and then, and carried on in between by the clock of this process that only goes forward. A machine's
//! clock that is wrong, or is put right, moves nothing.

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

/// A machine whose clock is further off is told of: it should be put right all the same, if only for its log.
pub const TOLERATED: SignedDuration = SignedDuration::from_secs(1);

const ASK_EVERY: Duration = Duration::from_secs(5);

/// Of so many questions in a row the quickest is the most exact.
const TRIES: usize = 3;

/// What the way to the server and back may take. A longer one says too little of when the answer was true.
const PATIENCE: Duration = Duration::from_secs(2);

/// A smaller difference is not worth a step.
const STEADY: SignedDuration = SignedDuration::from_millis(50);

pub type TimeError = Box<dyn Error + Send + Sync>;

/// Something that all processes share, and that knows what time it is.
#[async_trait]
pub trait TimeServer: Send + Sync {
    /// What people call it.
    fn name(&self) -> &'static str;
    async fn time(&self) -> Result<Timestamp, TimeError>;
}

/// What a server said: it was `time` at `at`, give or take `error`.
#[derive(Debug, Clone, Copy)]
struct Said {
    time: Timestamp,
    at: Instant,
    error: SignedDuration,
}

impl Said {
    async fn by(server: &dyn TimeServer) -> Result<Self, TimeError> {
        let mut best: Option<Self> = None;
        for _ in 0..TRIES {
            let asked = Instant::now();
            let time = tokio::time::timeout(PATIENCE, server.time()).await??;
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

/// How far `clock` is ahead of a server; no less than the exactness of the answer counts.
pub async fn ahead_of(server: &dyn TimeServer, clock: &dyn Clock) -> Result<SignedDuration, TimeError> {
    let said = Said::by(server).await?;
    let ahead = clock.now().duration_since(said.now());
    Ok(if ahead.abs() <= said.error { SignedDuration::ZERO } else { ahead })
}

/// The time of a server once it follows one; until then, and for good where nothing is shared, the machine's.
pub struct AgreedClock {
    machine: Arc<dyn Clock>,
    server: OnceLock<Arc<dyn TimeServer>>,
    said: RwLock<Option<Said>>,
    /// How far the machine is ahead, in seconds.
    offset: Gauge<f64, AtomicU64>,
    told: AtomicBool,
}

impl AgreedClock {
    pub fn new(machine: Arc<dyn Clock>) -> Self {
        Self {
            machine,
            server: OnceLock::new(),
            said: RwLock::default(),
            offset: Gauge::default(),
            told: AtomicBool::new(false),
        }
    }

    /// `registry` is the one whose names begin with `collabry_`.
    pub fn register(&self, registry: &mut Registry) {
        let help = "How far the clock of this machine is ahead of that of Redis, or of the database";
        registry.register("clock_offset_seconds", help, self.offset.clone());
    }

    /// Takes the time from `server` from now on.
    pub async fn follow(&self, server: Arc<dyn TimeServer>) -> Result<(), TimeError> {
        let server = self.server.get_or_init(|| server);
        self.hear(Said::by(server.as_ref()).await?, server.name());
        Ok(())
    }

    /// Asks the server now and then. While it is away, time goes on from its last answer.
    pub async fn keep(&self) -> Infallible {
        loop {
            tokio::time::sleep(ASK_EVERY).await;
            let Some(server) = self.server.get() else { continue };
            match Said::by(server.as_ref()).await {
                Ok(said) => self.hear(said, server.name()),
                Err(error) => tracing::debug!(%error, "{} does not say what time it is", server.name()),
            }
        }
    }

    fn hear(&self, said: Said, name: &str) {
        let ahead = self.machine.now().duration_since(said.now());
        self.offset.set(ahead.as_secs_f64());
        let far = ahead.abs() > TOLERATED.saturating_add(said.error);
        let seconds = ahead.as_secs_f64();
        match (far, self.told.swap(far, Ordering::Relaxed)) {
            (true, false) => tracing::warn!(
                seconds,
                "the clock of this machine is ahead (or behind, if negative) of that of {name}, which counts; set it right"
            ),
            (false, true) => tracing::info!(seconds, "the clock of this machine agrees with that of {name} again"),
            _ => {}
        }
        let mut current = self.said.write().unwrap_or_else(PoisonError::into_inner);
        let steady = |current: &Said| current.now().duration_since(said.now()).abs() <= STEADY.max(said.error);
        if !current.as_ref().is_some_and(steady) {
            *current = Some(said);
        }
    }
}

impl Clock for AgreedClock {
    fn now(&self) -> Timestamp {
        let said = *self.said.read().unwrap_or_else(PoisonError::into_inner);
        said.map_or_else(|| self.machine.now(), |said| said.now())
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
