//! Ends a running generation from outside.

use std::sync::{Mutex, OnceLock, PoisonError};

use collabry_shared::generations::Unwanted;
use tokio_util::sync::CancellationToken;

use super::outcome::Outcome;

/// The switches of one generation.
#[derive(Debug)]
pub(super) struct Control {
    stop: CancellationToken,
    interrupt: CancellationToken,
    dropped: CancellationToken,
    why: OnceLock<Unwanted>,
    /// Whether the outcome is decided, so that it is too late to stop.
    closed: Mutex<bool>,
}

impl Control {
    /// `interrupt` ends the generation from outside, as at shutdown.
    pub fn new(interrupt: CancellationToken) -> Self {
        let (stop, dropped) = (CancellationToken::new(), CancellationToken::new());
        Self { stop, interrupt, dropped, why: OnceLock::new(), closed: Mutex::new(false) }
    }

    /// Stops the generation; `false`: it is too late.
    pub fn stop(&self) -> bool {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        if !*closed {
            self.stop.cancel();
        }
        !*closed
    }

    /// Drops the generation, because nobody wants its answer any more.
    pub fn drop_unwanted(&self, why: Unwanted) {
        self.why.get_or_init(|| why);
        self.dropped.cancel();
    }

    /// Decides the outcome. A stop that was acknowledged counts, even if the answer was completed meanwhile.
    pub fn close(&self, outcome: Outcome) -> Outcome {
        *self.closed.lock().unwrap_or_else(PoisonError::into_inner) = true;
        if let Some(why) = self.why.get() {
            return Outcome::Unwanted(*why);
        }
        if self.stop.is_cancelled() { Outcome::Stopped } else { outcome }
    }

    /// Resolves when the generation is ended from outside.
    pub async fn ended(&self) -> Outcome {
        tokio::select! {
            biased;
            () = self.dropped.cancelled() => {
                Outcome::Unwanted(self.why.get().copied().unwrap_or(Unwanted::ConversationGone))
            }
            () = self.stop.cancelled() => Outcome::Stopped,
            () = self.interrupt.cancelled() => Outcome::Interrupted,
        }
    }

    /// Waits for `work`, unless the generation is ended first.
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

    use super::{Control, Outcome, Unwanted};

    #[test]
    fn a_promised_stop_is_kept_and_a_late_one_is_not_promised() {
        let control = Control::new(CancellationToken::new());
        assert!(control.stop());
        assert_eq!(control.close(Outcome::Complete(None)), Outcome::Stopped);
        let control = Control::new(CancellationToken::new());
        assert_eq!(control.close(Outcome::Complete(None)), Outcome::Complete(None));
        assert!(!control.stop());
    }

    #[tokio::test]
    async fn what_nobody_wants_is_neither_stopped_nor_complete() {
        let control = Control::new(CancellationToken::new());
        assert!(control.stop());
        control.drop_unwanted(Unwanted::QuestionGone);
        control.drop_unwanted(Unwanted::AskerGone);
        assert_eq!(control.ended().await, Outcome::Unwanted(Unwanted::QuestionGone));
        assert_eq!(control.close(Outcome::Complete(None)), Outcome::Unwanted(Unwanted::QuestionGone));
    }
}
