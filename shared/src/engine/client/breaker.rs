//! A circuit breaker: an engine that keeps failing is left alone for a while, then tried by one call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;

/// Failures in a row that open it.
const FAILURES: u32 = 3;
/// For how long it is open first; twice as long after each failed try, up to [`LONGEST`].
const FIRST: SignedDuration = SignedDuration::from_secs(1);
const LONGEST: SignedDuration = SignedDuration::from_secs(15);

#[derive(Debug)]
pub struct Breaker {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Timestamp,
        pause: SignedDuration,
    },
    /// One call is trying.
    HalfOpen,
}

/// The right to make one call, which says how the call went. Dropped without a word, as by a caller that went away, it
/// changes nothing.
#[derive(Debug)]
pub struct Permit<'a> {
    breaker: &'a Breaker,
    /// The pause to go back to when this try of a half-open breaker says nothing.
    trying: Option<SignedDuration>,
}

impl Breaker {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::new(State::Closed { failures: 0 }) }
    }

    /// `None`: open, or another call is trying.
    pub fn enter(&self) -> Option<Permit<'_>> {
        let mut state = self.lock();
        match *state {
            State::Closed { .. } => Some(Permit { breaker: self, trying: None }),
            State::Open { until, pause } if until <= self.clock.now() => {
                *state = State::HalfOpen;
                Some(Permit { breaker: self, trying: Some(pause) })
            }
            State::Open { .. } | State::HalfOpen => None,
        }
    }

    /// A call that is made whatever the state: what it finds out counts all the same.
    pub fn enter_anyway(&self) -> Permit<'_> {
        self.enter().unwrap_or(Permit { breaker: self, trying: None })
    }

    pub fn is_open(&self) -> bool {
        !matches!(*self.lock(), State::Closed { .. })
    }

    fn open(&self, pause: SignedDuration) -> State {
        let until = self.clock.now().saturating_add(pause).unwrap_or(Timestamp::MAX);
        State::Open { until, pause }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    /// The engine answered, whatever it said.
    pub fn answered(mut self) {
        self.trying = None;
        *self.breaker.lock() = State::Closed { failures: 0 };
    }

    /// The engine did not answer.
    pub fn failed(mut self) {
        let trying = self.trying.take();
        let mut state = self.breaker.lock();
        *state = match (*state, trying) {
            (_, Some(pause)) => self.breaker.open((pause * 2).min(LONGEST)),
            (State::Closed { failures }, None) if failures + 1 < FAILURES => State::Closed { failures: failures + 1 },
            (State::Closed { .. }, None) => self.breaker.open(FIRST),
            // Begun before it opened: the failure is counted already.
            (open, None) => open,
        };
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if let Some(pause) = self.trying {
            *self.breaker.lock() = State::Open { until: self.breaker.clock.now(), pause };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::SignedDuration;

    use super::{Breaker, FAILURES, LONGEST};
    use crate::clock::ManualClock;

    fn breaker() -> (Breaker, ManualClock) {
        let clock = ManualClock::at("2026-11-21T08:00:00Z".parse().unwrap());
        (Breaker::new(Arc::new(clock.clone())), clock)
    }

    fn fail(breaker: &Breaker, times: u32) {
        for _ in 0..times {
            breaker.enter().unwrap().failed();
        }
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_closes_after_one_good_try() {
        let (breaker, clock) = breaker();
        fail(&breaker, FAILURES - 1);
        breaker.enter().unwrap().answered();
        fail(&breaker, FAILURES);
        assert!(breaker.enter().is_none());
        clock.advance(SignedDuration::from_secs(1));
        let trying = breaker.enter().unwrap();
        assert!(breaker.enter().is_none(), "one at a time");
        trying.answered();
        fail(&breaker, FAILURES - 1);
        assert!(breaker.enter().is_some());
    }

    #[test]
    fn pauses_grow_up_to_a_bound() {
        let (breaker, clock) = breaker();
        fail(&breaker, FAILURES);
        for seconds in [1, 2, 4, 8, 15, 15] {
            clock.advance(SignedDuration::from_millis(seconds * 1000 - 1));
            assert!(breaker.enter().is_none(), "{seconds}");
            clock.advance(SignedDuration::from_millis(1));
            fail(&breaker, 1);
        }
        assert!(LONGEST <= SignedDuration::from_secs(15));
    }

    #[test]
    fn a_try_that_says_nothing_leaves_the_next_one_free() {
        let (breaker, clock) = breaker();
        fail(&breaker, FAILURES);
        clock.advance(SignedDuration::from_secs(1));
        drop(breaker.enter().unwrap());
        assert!(breaker.enter().is_some());
    }

    #[test]
    fn a_late_failure_does_not_keep_it_open_longer() {
        let (breaker, clock) = breaker();
        let late = breaker.enter().unwrap();
        fail(&breaker, FAILURES);
        clock.advance(SignedDuration::from_millis(900));
        late.failed();
        clock.advance(SignedDuration::from_millis(100));
        assert!(breaker.enter().is_some());
    }
}
