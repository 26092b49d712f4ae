//! Recovers generations that dead engines left behind, and starts those that stayed in the queue.

use std::time::Duration;

use collabry_shared::engine::EngineError;
use collabry_shared::generations::{Unwanted, lease};
use collabry_shared::ids::GenerationId;
use collabry_shared::storage::StoreResult;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::lease::SETTLE;
use super::outcome::Outcome;
use super::parts::GenerationParts;
use super::run::ClaimedFrom;
use super::runner::Generations;
use crate::models::AnswerError;

/// How often an engine looks for abandoned and unclaimed generations.
const RECOVER_EVERY: Duration = Duration::from_secs(1);

// A generation of a dead engine ends within ten seconds, with time to spare for storing it.
const _: () = assert!(lease::LEASE.unsigned_abs().as_secs() + RECOVER_EVERY.as_secs() <= 7);

/// After this time in the queue a generation counts as unclaimed: the api that queued it did not start it, or every engine
/// was at capacity.
const UNCLAIMED_AFTER: SignedDuration = SignedDuration::from_secs(5);

/// A question that is not stored by then never will be: no write takes as long.
const QUESTION_WITHIN: SignedDuration = SignedDuration::from_mins(2);

/// A queued generation fails if no engine has had capacity for it after this time, so that nobody waits in vain.
const FAILED_AFTER: SignedDuration = SignedDuration::from_secs(60);

impl Generations {
    /// Takes over the generations of dead engines: one with text ends as interrupted, one without starts again. Then
    /// starts the unclaimed ones.
    pub async fn recover(&self) -> StoreResult<()> {
        self.take_abandoned(self.0.parts.clock.now()).await?;
        self.start_unclaimed().await
    }

    /// Like [`recover`](Self::recover), without waiting for leases to expire: for the start of a process that is the
    /// only one to use its storage.
    pub async fn recover_as_only_engine(&self) -> StoreResult<()> {
        let later_than_any = lease::until(self.0.parts.clock.now()).saturating_add(SignedDuration::from_millis(1));
        self.take_abandoned(later_than_any.unwrap_or(Timestamp::MAX)).await?;
        self.start_unclaimed().await
    }

    /// Recovers regularly until `shutdown`.
    pub async fn keep_recovering(&self, shutdown: CancellationToken) {
        let mut wait = RECOVER_EVERY;
        while shutdown.run_until_cancelled(tokio::time::sleep(wait)).await.is_some() {
            wait = match self.recover().await {
                Ok(()) => RECOVER_EVERY,
                Err(error) => {
                    tracing::error!(%error, "generation recovery failed");
                    SETTLE
                }
            };
        }
    }

    pub(super) async fn take_abandoned(&self, expired_before: Timestamp) -> StoreResult<()> {
        let GenerationParts { stores, clock, .. } = &self.0.parts;
        while !self.0.draining.is_cancelled() {
            // The new lease must not look expired to the next iteration.
            let until = lease::until(clock.now()).max(expired_before);
            let Some(generation) = stores.generations.claim_abandoned(self.0.owner, expired_before, until).await?
            else {
                break;
            };
            // A run of this engine that could not renew in time simply has its lease again.
            if self.control(generation.id).is_none() {
                tracing::info!(id = %generation.id, "taking over an abandoned generation");
                self.spawn(generation, ClaimedFrom::DeadEngine, None);
            }
        }
        Ok(())
    }

    async fn start_unclaimed(&self) -> StoreResult<()> {
        let GenerationParts { stores, clock, .. } = &self.0.parts;
        let now = clock.now();
        let unclaimed = stores.generations.unclaimed(before(now, UNCLAIMED_AFTER)).await?;
        self.0.metrics.unclaimed(unclaimed.len());
        let without_question = self.without_question(&unclaimed, now).await?;
        let mut busy = false;
        for id in unclaimed.into_iter().filter(|id| !without_question.contains(id)) {
            match self.start(id).await {
                Ok(()) => {}
                // There may be capacity for a generation of the other kind.
                Err(EngineError::Busy) => busy = true,
                Err(EngineError::Store(error)) => return Err(error),
                Err(error) => tracing::error!(%id, %error, "queued generation could not be started"),
            }
        }
        if busy { self.fail_oldest(now).await } else { Ok(()) }
    }

    /// The generations whose question may still be stored: the request for an answer comes first.
    async fn without_question(&self, ids: &[GenerationId], now: Timestamp) -> StoreResult<Vec<GenerationId>> {
        let generations = &self.0.parts.stores.generations;
        let mut without = generations.unwanted(ids).await?;
        without.retain(|(_, why)| *why == Unwanted::NoQuestion);
        if without.is_empty() {
            return Ok(Vec::new());
        }
        let expired = generations.unclaimed(before(now, QUESTION_WITHIN)).await?;
        Ok(without.into_iter().map(|(id, _)| id).filter(|id| !expired.contains(id)).collect())
    }

    /// Fails the generations that have been in the queue for too long.
    async fn fail_oldest(&self, now: Timestamp) -> StoreResult<()> {
        if self.0.draining.is_cancelled() {
            return Ok(());
        }
        for id in self.0.parts.stores.generations.unclaimed(before(now, FAILED_AFTER)).await? {
            if let Some(generation) = self.claim(id).await? {
                self.end(&generation, &Outcome::Failed(AnswerError::Busy)).await?;
            }
        }
        Ok(())
    }
}

fn before(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.saturating_sub(by).unwrap_or(Timestamp::MIN)
}
