//! Patience: time limits of a stream, and further tries before its first text.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{Instrument as _, Span};

use super::{Answer, AnswerError, Piece, Provider, Task};

/// How a provider that fails before its first text is asked again.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// Tries in all.
    pub tries: u32,
    /// Wait before the second try; doubles with each one.
    pub first_wait: Duration,
    /// Longest wait, also when the provider asks for a longer one: then there is no further try.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { tries: 4, first_wait: Duration::from_millis(500), longest_wait: Duration::from_secs(20) }
    }
}

impl RetryPolicy {
    /// The wait after the `tried`th try, or `None` when it was the last. `jitter` is from 0 to 1.
    fn wait(&self, tried: u32, error: &AnswerError, jitter: f64) -> Option<Duration> {
        // A model that is being loaded will be there, and how long that may take has a limit of its own.
        let loading = matches!(error, AnswerError::Loading { .. });
        if (tried >= self.tries && !loading) || !error.is_passing() {
            return None;
        }
        // Half is fixed and half is random, so that those who failed together do not come back together.
        let backoff = self.first_wait.saturating_mul(1 << (tried - 1).min(16)).min(self.longest_wait);
        let backoff = backoff.mul_f64(0.5 + jitter / 2.0);
        let asked = error.retry_after().unwrap_or_default();
        (asked <= self.longest_wait).then(|| backoff.max(asked))
    }
}

/// How long to wait for text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// For the first piece, all tries together.
    pub first_token: Duration,
    pub between_tokens: Duration,
    pub retry: RetryPolicy,
}

/// Asks until there is text; from then on errors end the answer. A request that is still open is never dropped in order
/// to ask the same again: a server that loads a model for it would start over.
pub(super) fn answer(provider: Arc<dyn Provider>, model: &str, task: &Task, limits: Limits) -> Answer {
    let deadline = Instant::now() + limits.first_token;
    let (model, task) = (model.to_owned(), task.clone());
    let asking = Asking { provider, model, task, limits, deadline, tried: 0, open: None, heard: false, spoke: false };
    stream::try_unfold(asking, async |mut asking| Ok(asking.next().await?.map(|piece| (piece, asking)))).boxed()
}

struct Asking {
    provider: Arc<dyn Provider>,
    model: String,
    task: Task,
    limits: Limits,
    deadline: Instant,
    tried: u32,
    /// The request that is under way, and its span.
    open: Option<(Answer, Span)>,
    /// Whether it has said anything.
    heard: bool,
    /// Whether any text was sent: then the request must not be retried.
    spoke: bool,
}

impl Asking {
    async fn next(&mut self) -> Result<Option<Piece>, AnswerError> {
        loop {
            match self.listen().await {
                Ok(Some(piece)) => {
                    self.heard = true;
                    self.spoke |= matches!(piece, Piece::Text(_));
                    return Ok(Some(piece));
                }
                Ok(None) => return Ok(None),
                Err(error) => self.again(error).await?,
            }
        }
    }

    /// The next piece of this try.
    async fn listen(&mut self) -> Result<Option<Piece>, AnswerError> {
        if self.open.is_none() {
            self.tried += 1;
            let (provider, model, tried) = (self.provider.id(), self.model.as_str(), self.tried);
            let span = tracing::error_span!("ask model", otel.kind = "client", provider, model, tried);
            let asked = self.provider.answer(&self.model, &self.task).instrument(span.clone());
            let answer = timeout_at(self.deadline, asked).await.unwrap_or(Err(AnswerError::NoFirstToken))?;
            (self.open, self.heard) = (Some((answer, span)), false);
        }
        let Some((answer, span)) = &mut self.open else {
            return Ok(None);
        };
        let (limit, late) = if self.heard {
            (Instant::now() + self.limits.between_tokens, AnswerError::Stalled)
        } else {
            (self.deadline, AnswerError::NoFirstToken)
        };
        timeout_at(limit, answer.next().instrument(span.clone())).await.unwrap_or(Some(Err(late))).transpose()
    }

    /// Waits for another try, if there is to be one.
    async fn again(&mut self, error: AnswerError) -> Result<(), AnswerError> {
        self.open = None;
        if self.spoke {
            return Err(error);
        }
        let (provider, model, tried) = (self.provider.id(), self.model.as_str(), self.tried);
        tracing::warn!(provider, model, tried, %error, "a model did not begin to answer");
        match self.limits.retry.wait(tried, &error, rand::random()) {
            Some(wait) if Instant::now() + wait < self.deadline => {
                sleep(wait).await;
                Ok(())
            }
            _ => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{AnswerError, RetryPolicy};

    fn unreachable() -> AnswerError {
        AnswerError::Unreachable { detail: String::new() }
    }

    #[test]
    fn waits_grow_and_end() {
        let policy = RetryPolicy::default();
        let waits: Vec<_> = (1..=4).map(|tried| policy.wait(tried, &unreachable(), 1.0)).collect();
        let millis = |n| Some(Duration::from_millis(n));
        assert_eq!(waits, [millis(500), millis(1000), millis(2000), None]);
        assert_eq!(policy.wait(1, &unreachable(), 0.0), millis(250));
    }

    #[test]
    fn the_provider_says_when_to_come_back_within_reason() {
        let policy = RetryPolicy::default();
        let limited = |secs| AnswerError::RateLimited { retry_after: Some(Duration::from_secs(secs)) };
        assert_eq!(policy.wait(1, &limited(3), 0.5), Some(Duration::from_secs(3)));
        assert_eq!(policy.wait(1, &limited(3600), 0.5), None);
    }

    #[test]
    fn what_will_not_pass_is_not_tried_again() {
        assert_eq!(RetryPolicy::default().wait(1, &AnswerError::NoFirstToken, 0.5), None);
        assert_eq!(RetryPolicy::default().wait(1, &AnswerError::ModelNotFound, 0.5), None);
        assert_eq!(RetryPolicy::default().wait(1, &AnswerError::Refused { status: 401 }, 0.5), None);
    }

    #[test]
    fn a_model_that_is_being_loaded_is_asked_until_the_limit() {
        let loading = AnswerError::Loading { retry_after: None };
        assert_eq!(RetryPolicy::default().wait(100, &loading, 1.0), Some(Duration::from_secs(20)));
    }
}
