//! Patience: time limits of a stream, and further tries before its first text.

use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::Instrument as _;

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

/// All tries together take at most this many times the limit of the first token.
const TOTAL_FACTOR: u32 = 2;

impl RetryPolicy {
    /// The wait after the `tried`th try, or `None` when it was the last. `jitter` is from 0 to 1.
    fn wait(&self, tried: u32, error: &AnswerError, jitter: f64) -> Option<Duration> {
        if tried >= self.tries || !error.is_passing() {
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
    pub first_token: Duration,
    pub between_tokens: Duration,
    pub retry: RetryPolicy,
}

/// Asks until a first piece of text is there; from then on errors end the answer.
pub(super) async fn answer(
    provider: &dyn Provider,
    model: &str,
    task: &Task,
    limits: Limits,
) -> Result<Answer, AnswerError> {
    let deadline = Instant::now() + limits.first_token.saturating_mul(TOTAL_FACTOR);
    let mut tried = 0;
    loop {
        tried += 1;
        let span = tracing::error_span!("ask model", otel.kind = "client", provider = provider.id(), model, tried);
        let attempt = timeout_at(deadline, first_text(provider, model, task, limits).instrument(span)).await;
        let error = match attempt.unwrap_or(Err(AnswerError::NoFirstToken)) {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        tracing::warn!(provider = provider.id(), model, tried, %error, "a model did not begin to answer");
        match limits.retry.wait(tried, &error, rand::random()) {
            Some(wait) if Instant::now() + wait < deadline => sleep(wait).await,
            _ => return Err(error),
        }
    }
}

/// One try, up to the first piece of text, which the answer then begins with.
async fn first_text(provider: &dyn Provider, model: &str, task: &Task, limits: Limits) -> Result<Answer, AnswerError> {
    let opening = async {
        let mut answer = provider.answer(model, task).await?;
        let first = answer.next().await.ok_or(AnswerError::Empty)??;
        Ok((first, answer))
    };
    let (mut first, answer) = timeout(limits.first_token, opening).await.unwrap_or(Err(AnswerError::NoFirstToken))?;
    let mut answer = steady(answer, limits.between_tokens);
    while !matches!(first, Piece::Text(_)) {
        first = answer.next().await.ok_or(AnswerError::Empty)??;
    }
    Ok(stream::once(async { Ok(first) }).chain(answer).boxed())
}

/// Ends an answer that goes silent, or that has failed.
fn steady(answer: Answer, silence: Duration) -> Answer {
    stream::unfold(Some(answer), move |answer| async move {
        let mut answer = answer?;
        match timeout(silence, answer.next()).await {
            Ok(Some(Ok(piece))) => Some((Ok(piece), Some(answer))),
            Ok(Some(Err(error))) => Some((Err(error), None)),
            Ok(None) => None,
            Err(_) => Some((Err(AnswerError::Stalled), None)),
        }
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{AnswerError, RetryPolicy};

    #[test]
    fn waits_grow_and_end() {
        let policy = RetryPolicy::default();
        let waits: Vec<_> = (1..=4).map(|tried| policy.wait(tried, &AnswerError::Unreachable, 1.0)).collect();
        let millis = |n| Some(Duration::from_millis(n));
        assert_eq!(waits, [millis(500), millis(1000), millis(2000), None]);
        assert_eq!(policy.wait(1, &AnswerError::Unreachable, 0.0), millis(250));
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
        assert_eq!(RetryPolicy::default().wait(1, &AnswerError::ModelNotFound, 0.5), None);
        assert_eq!(RetryPolicy::default().wait(1, &AnswerError::Refused { status: 401 }, 0.5), None);
    }
}
