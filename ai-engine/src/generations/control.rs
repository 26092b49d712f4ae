//! How others end a running generation.

use std::sync::{Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::ending::Outcome;

/// One generation's switch.
#[derive(Debug)]
pub(super) struct Control {
    stop: CancellationToken,
    interrupt: CancellationToken,
    /// The outcome is decided: it is too late to stop.
    closed: Mutex<bool>,
}

impl Control {
    /// `interrupt` ends it from the outside, as at shutdown.
    pub fn new(interrupt: CancellationToken) -> Self {
        Self { stop: CancellationToken::new(), interrupt, closed: Mutex::new(false) }
    }

    /// Whether it will end as stopped.
    pub fn stop(&self) -> bool {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        if !*closed {
            self.stop.cancel();
        }
        !*closed
    }

    /// Decides the outcome: a stop that was promised is kept, also when the answer ended meanwhile.
    pub fn close(&self, outcome: Outcome) -> Outcome {
        *self.closed.lock().unwrap_or_else(PoisonError::into_inner) = true;
        if self.stop.is_cancelled() { Outcome::Stopped } else { outcome }
    }

    /// Resolves when somebody ends it.
    pub async fn ended(&self) -> Outcome {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Outcome::Stopped,
            () = self.interrupt.cancelled() => Outcome::Interrupted,
        }
    }

    /// Waits for `work`, unless somebody ends the generation before.
    pub async fn unless_ended<T>(&self, work: impl Future<Output = T>) -> Result<T, Outcome> {
        tokio::select! {
            biased;
            outcome = self.ended() => Err(outcome),
            value = work => Ok(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::{Control, Outcome};

    #[test]
    fn a_promised_stop_is_kept_and_a_late_one_is_not_promised() {
        let control = Control::new(CancellationToken::new());
        assert!(control.stop());
        assert_eq!(control.close(Outcome::Complete(None)), Outcome::Stopped);
        let control = Control::new(CancellationToken::new());
        assert_eq!(control.close(Outcome::Complete(None)), Outcome::Complete(None));
        assert!(!control.stop());
    }
}
