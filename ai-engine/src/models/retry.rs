//! Timeouts of a stream, and retries before its first text.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{Instrument as _, Span};

use super::{Answer, AnswerError, AnswerEvent, AnswerRequest, Provider};

/// When a provider that fails before its first text is asked again.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// The number of attempts, including the first.
    pub attempts: u32,
    /// The wait before the second attempt; it doubles with each further one.
    pub first_wait: Duration,
    /// The longest wait. A provider that asks for a longer one is not asked again.
    pub max_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 4, first_wait: Duration::from_millis(500), max_wait: Duration::from_secs(20) }
    }
}

impl RetryPolicy {
    /// The wait after an attempt, numbered from 1; `None`: it was the last. `jitter` is from 0 to 1.
    fn wait(&self, attempt: u32, error: &AnswerError, jitter: f64) -> Option<Duration> {
        // A model that is loading will be available, and the timeout for the first token bounds how long that may take.
        let loading = matches!(error, AnswerError::Loading { .. });
        if (attempt >= self.attempts && !loading) || !error.is_transient() {
            return None;
        }
        // Half of it is random, so that requests that failed together are not retried together.
        let backoff = self.first_wait.saturating_mul(1 << (attempt - 1).min(16)).min(self.max_wait);
        let backoff = backoff.mul_f64(0.5 + jitter / 2.0);
        let requested = error.retry_after().unwrap_or_default();
        (requested <= self.max_wait).then(|| backoff.max(requested))
    }
}

/// The timeouts of an answer, and its retry policy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// For the first event, all attempts together.
    pub first_token: Duration,
    pub between_tokens: Duration,
    pub retry: RetryPolicy,
}

/// Retries until there is text; from then on an error ends the answer. A request that is still open is never dropped in
/// favour of a retry: a server that loads the model for it would start over.
pub(super) fn answer(provider: Arc<dyn Provider>, model: &str, request: &AnswerRequest, limits: Limits) -> Answer {
    let deadline = Instant::now() + limits.first_token;
    let (model, request) = (model.to_owned(), request.clone());
    let attempts = Attempts {
        provider,
        model,
        request,
        limits,
        deadline,
        attempt: 0,
        open: None,
        received: false,
        has_text: false,
    };
    stream::try_unfold(attempts, async |mut attempts| Ok(attempts.next().await?.map(|event| (event, attempts)))).boxed()
}

struct Attempts {
    provider: Arc<dyn Provider>,
    model: String,
    request: AnswerRequest,
    limits: Limits,
    deadline: Instant,
    /// The number of the current attempt, from 1.
    attempt: u32,
    /// The open request and its span.
    open: Option<(Answer, Span)>,
    /// Whether it has sent an event.
    received: bool,
    /// Whether there was any text: then the request must not be retried.
    has_text: bool,
}

impl Attempts {
    async fn next(&mut self) -> Result<Option<AnswerEvent>, AnswerError> {
        loop {
            match self.next_of_attempt().await {
                Ok(Some(event)) => {
                    self.received = true;
                    self.has_text |= matches!(event, AnswerEvent::Text(_));
                    return Ok(Some(event));
                }
                Ok(None) => return Ok(None),
                Err(error) => self.wait_for_retry(error).await?,
            }
        }
    }

    /// The next event of the current attempt; starts one if none is open.
    async fn next_of_attempt(&mut self) -> Result<Option<AnswerEvent>, AnswerError> {
        if self.open.is_none() {
            self.attempt += 1;
            let (provider, model, attempt) = (self.provider.id(), self.model.as_str(), self.attempt);
            let span = tracing::error_span!("ask model", otel.kind = "client", provider, model, attempt);
            let answer = self.provider.answer(&self.model, &self.request).instrument(span.clone());
            let answer = timeout_at(self.deadline, answer).await.unwrap_or(Err(AnswerError::NoFirstToken))?;
            (self.open, self.received) = (Some((answer, span)), false);
        }
        let Some((answer, span)) = &mut self.open else {
            return Ok(None);
        };
        let (limit, timed_out) = if self.received {
            (Instant::now() + self.limits.between_tokens, AnswerError::Stalled)
        } else {
            (self.deadline, AnswerError::NoFirstToken)
        };
        timeout_at(limit, answer.next().instrument(span.clone())).await.unwrap_or(Some(Err(timed_out))).transpose()
    }

    /// Waits before the next attempt; returns the error if there is to be none.
    async fn wait_for_retry(&mut self, error: AnswerError) -> Result<(), AnswerError> {
        self.open = None;
        if self.has_text {
            return Err(error);
        }
        let (provider, model, attempt) = (self.provider.id(), self.model.as_str(), self.attempt);
        tracing::warn!(provider, model, attempt, %error, "model did not start to answer");
        match self.limits.retry.wait(attempt, &error, rand::random()) {
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
        let waits: Vec<_> = (1..=4).map(|attempt| policy.wait(attempt, &unreachable(), 1.0)).collect();
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
