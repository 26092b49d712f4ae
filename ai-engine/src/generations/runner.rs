//! Who runs generations: places, stopping, recovery and shutdown.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use collabry_shared::engine::EngineError;
use collabry_shared::generations::{Draft, Generation, GenerationState, Unwanted, lease};
use collabry_shared::ids::{GenerationId, OwnerId};
use collabry_shared::storage::StoreResult;
use collabry_shared::telemetry::trace;
use jiff::{SignedDuration, Timestamp};
use prometheus_client::registry::Registry;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;
use tracing::field::Empty;

use super::control::Control;
use super::ending::Outcome;
use super::metrics::Metrics;
use super::parts::GenerationParts;
use super::places::Places;
use super::run::{self, Taken, Writer};
use crate::models::AnswerError;

/// Generations that may wait for a place, as a multiple of those that write.
const QUEUE_FACTOR: usize = 2;

/// How often abandoned and forgotten generations are looked for.
const RECOVER_EVERY: Duration = Duration::from_secs(1);

// The end of what a dead engine left comes within ten seconds, with time to spare for storing it.
const _: () = assert!(lease::LEASE.unsigned_abs().as_secs() + RECOVER_EVERY.as_secs() <= 7);

/// How often an engine checks that its answers are still wanted, so that a deletion ends one within a second.
const LOOK_EVERY: Duration = Duration::from_millis(400);

/// After the database was away: its owners renew their leases first.
const SETTLE: Duration = Duration::from_secs(3);

/// A queued generation that nobody claimed for so long was forgotten by whoever queued it, or refused for want of a
/// place.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_secs(5);

/// A question that is not stored so long after the request for its answer never will be: no write takes as long.
const QUESTION_WITHIN: SignedDuration = SignedDuration::from_mins(2);

/// A queued generation that found no place for so long ends as failed: somebody is waiting for a word.
const REFUSED_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// Generations of one runner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    pub writing: usize,
    /// Claimed, and waiting for a place to write.
    pub waiting: usize,
}

/// Runs generations; clones are the same runner.
#[derive(Clone)]
pub struct Generations(Arc<Inner>);

struct Inner {
    parts: GenerationParts,
    metrics: Metrics,
    owner: OwnerId,
    /// Places of the built-in answerer, separate so that a slow model server never holds them.
    builtin: Lane,
    providers: Lane,
    running: Mutex<HashMap<GenerationId, Arc<Control>>>,
    tasks: TaskTracker,
    draining: CancellationToken,
    interrupt: CancellationToken,
}

/// Generations that wait for each other.
struct Lane {
    concurrent: usize,
    /// One for each that writes.
    places: Places,
    /// One for each that writes or waits for a place.
    admissions: Arc<Semaphore>,
}

impl Lane {
    fn new(concurrent: usize) -> Self {
        let admissions = Arc::new(Semaphore::new(concurrent.saturating_mul(1 + QUEUE_FACTOR)));
        Self { concurrent, places: Places::new(concurrent), admissions }
    }

    fn writing(&self) -> usize {
        self.concurrent.saturating_sub(self.places.free())
    }
}

impl fmt::Debug for Generations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generations").field("owner", &self.0.owner).finish_non_exhaustive()
    }
}

impl Generations {
    /// A runner that lets `concurrent` generations write at the same time, and as many of the built-in answerer.
    pub fn new(parts: GenerationParts, concurrent: usize) -> Self {
        Self(Arc::new(Inner {
            metrics: Metrics::new(Arc::clone(&parts.models)),
            parts,
            owner: OwnerId::new(),
            builtin: Lane::new(concurrent),
            providers: Lane::new(concurrent),
            running: Mutex::default(),
            tasks: TaskTracker::new(),
            draining: CancellationToken::new(),
            interrupt: CancellationToken::new(),
        }))
    }

    /// Claims a queued generation and runs it in the background; one that is not queued (any more) is left alone.
    ///
    /// Without a place it answers [`EngineError::Busy`] before claiming anything: the caller may ask another engine. If
    /// nobody takes it, [`recover`](Self::recover) does as soon as a place is free, or ends it as failed after a minute.
    pub async fn start(&self, id: GenerationId) -> Result<(), EngineError> {
        // Taken before looking whether we drain, so that a drain waits for what got in.
        let _token = self.0.tasks.token();
        if self.0.draining.is_cancelled() {
            return Err(EngineError::Busy);
        }
        let found = self.0.parts.stores.generations.get(id).await?;
        let Some(queued) = found.filter(|found| found.state == GenerationState::Queued) else {
            return Ok(());
        };
        let admissions = Arc::clone(&self.0.lane(&queued).admissions);
        let admission = admissions.try_acquire_owned().map_err(|_| EngineError::Busy)?;
        if let Some(generation) = self.claim(id).await? {
            self.spawn(generation, Taken::New, Some(admission));
        }
        Ok(())
    }

    /// Stops a generation; the text so far becomes the answer. `false`: it is over. One that another live engine runs
    /// answers [`EngineError::Unreachable`]: ask that one.
    pub async fn stop(&self, id: GenerationId) -> Result<bool, EngineError> {
        if let Some(control) = self.control(id) {
            return Ok(control.stop());
        }
        match self.0.parts.stores.generations.get(id).await?.map(|generation| generation.state) {
            Some(GenerationState::Queued) => {
                if let Some(generation) = self.claim(id).await? {
                    self.end(&generation, &Outcome::Stopped).await?;
                    return Ok(true);
                }
            }
            Some(GenerationState::Running) => self.take_abandoned(self.0.parts.clock.now()).await?,
            _ => return Ok(false),
        }
        // It was claimed meanwhile, or taken over from a dead engine just now.
        self.control(id).map(|control| control.stop()).ok_or(EngineError::Unreachable)
    }

    /// Takes over what dead engines left: with text it ends as interrupted, without it begins again. Then starts what
    /// is queued and forgotten.
    pub async fn recover(&self) -> StoreResult<()> {
        self.take_abandoned(self.0.parts.clock.now()).await?;
        self.take_forgotten().await
    }

    /// Like [`recover`](Self::recover), without waiting for leases to run out: for the start of a process that is the
    /// only one to use its storage.
    pub async fn recover_as_only_engine(&self) -> StoreResult<()> {
        let later_than_any = lease::until(self.0.parts.clock.now()).saturating_add(SignedDuration::from_millis(1));
        self.take_abandoned(later_than_any.unwrap_or(Timestamp::MAX)).await?;
        self.take_forgotten().await
    }

    /// Recovers again and again until `shutdown`.
    pub async fn keep_recovering(&self, shutdown: CancellationToken) {
        let mut wait = RECOVER_EVERY;
        while shutdown.run_until_cancelled(tokio::time::sleep(wait)).await.is_some() {
            wait = match self.recover().await {
                Ok(()) => RECOVER_EVERY,
                Err(error) => {
                    tracing::error!(%error, "abandoned generations could not be looked for");
                    SETTLE
                }
            };
        }
    }

    /// Ends what nobody wants any more: its conversation or question was deleted, or who asked is no member any more.
    pub async fn drop_unwanted(&self) -> StoreResult<()> {
        let ids: Vec<_> = self.0.running().keys().copied().collect();
        if ids.is_empty() {
            return Ok(());
        }
        for (id, why) in self.0.parts.stores.generations.unwanted(&ids).await? {
            if let Some(control) = self.control(id) {
                control.drop_unwanted(why);
            }
        }
        Ok(())
    }

    /// Looks for what nobody wants any more, again and again until `shutdown`.
    pub async fn keep_dropping_unwanted(&self, shutdown: CancellationToken) {
        let mut wait = LOOK_EVERY;
        while shutdown.run_until_cancelled(tokio::time::sleep(wait)).await.is_some() {
            wait = match self.drop_unwanted().await {
                Ok(()) => LOOK_EVERY,
                Err(error) => {
                    tracing::error!(%error, "it cannot be seen whether answers are still wanted");
                    SETTLE
                }
            };
        }
    }

    /// Takes nothing new, gives what runs `drain` to end by itself, then interrupts it; returns when all have ended.
    pub async fn shutdown(&self, drain: Duration) {
        self.0.draining.cancel();
        self.0.tasks.close();
        if tokio::time::timeout(drain, self.0.tasks.wait()).await.is_err() {
            tracing::info!(running = self.0.tasks.len(), "interrupting generations");
            self.0.interrupt.cancel();
            self.0.tasks.wait().await;
        }
    }

    /// Adds what it counts.
    pub fn register(&self, registry: &mut Registry) {
        self.0.metrics.register(registry);
    }

    /// How much it has to do now.
    pub fn load(&self) -> Load {
        let Inner { builtin, providers, .. } = self.0.as_ref();
        let writing = builtin.writing() + providers.writing();
        Load { writing, waiting: builtin.places.waiting() + providers.places.waiting() }
    }

    async fn claim(&self, id: GenerationId) -> StoreResult<Option<Generation>> {
        let GenerationParts { stores, clock, .. } = &self.0.parts;
        stores.generations.claim(id, self.0.owner, lease::until(clock.now())).await
    }

    async fn take_abandoned(&self, lapsed_before: Timestamp) -> StoreResult<()> {
        let GenerationParts { stores, clock, .. } = &self.0.parts;
        while !self.0.draining.is_cancelled() {
            // What was taken over must not look lapsed to the next round.
            let until = lease::until(clock.now()).max(lapsed_before);
            let Some(generation) = stores.generations.claim_abandoned(self.0.owner, lapsed_before, until).await? else {
                break;
            };
            // One of our own that could not renew in time holds its lease again.
            if self.control(generation.id).is_none() {
                tracing::info!(id = %generation.id, "taking over an abandoned generation");
                self.spawn(generation, Taken::Over, None);
            }
        }
        Ok(())
    }

    async fn take_forgotten(&self) -> StoreResult<()> {
        let GenerationParts { stores, clock, .. } = &self.0.parts;
        let now = clock.now();
        let unclaimed = stores.generations.unclaimed(before(now, FORGOTTEN_AFTER)).await?;
        self.0.metrics.unclaimed(unclaimed.len());
        let without_question = self.without_question(&unclaimed, now).await?;
        let mut busy = false;
        for id in unclaimed.into_iter().filter(|id| !without_question.contains(id)) {
            match self.start(id).await {
                Ok(()) => {}
                // There may be a place for one of the other kind.
                Err(EngineError::Busy) => busy = true,
                Err(EngineError::Store(error)) => return Err(error),
                Err(error) => tracing::error!(%id, %error, "a queued generation could not be started"),
            }
        }
        if busy { self.refuse_oldest(now).await } else { Ok(()) }
    }

    /// Those whose question is about to be stored, as far as can be told: a request comes first.
    async fn without_question(&self, ids: &[GenerationId], now: Timestamp) -> StoreResult<Vec<GenerationId>> {
        let generations = &self.0.parts.stores.generations;
        let mut without = generations.unwanted(ids).await?;
        without.retain(|(_, why)| *why == Unwanted::NoQuestion);
        if without.is_empty() {
            return Ok(Vec::new());
        }
        let given_up = generations.unclaimed(before(now, QUESTION_WITHIN)).await?;
        Ok(without.into_iter().map(|(id, _)| id).filter(|id| !given_up.contains(id)).collect())
    }

    async fn refuse_oldest(&self, now: Timestamp) -> StoreResult<()> {
        if self.0.draining.is_cancelled() {
            return Ok(());
        }
        for id in self.0.parts.stores.generations.unclaimed(before(now, REFUSED_AFTER)).await? {
            if let Some(generation) = self.claim(id).await? {
                self.end(&generation, &Outcome::Failed(AnswerError::Busy)).await?;
            }
        }
        Ok(())
    }

    /// Ends a generation that we hold and nobody has begun.
    async fn end(&self, generation: &Generation, outcome: &Outcome) -> StoreResult<()> {
        let (parts, endings) = (&self.0.parts, self.0.parts.endings());
        self.0.metrics.ended(&generation.model, outcome, None);
        endings.announce(generation).await;
        let told = outcome.told(parts.models.label(&generation.model));
        endings.end(self.0.owner, generation, Draft::default(), told).await
    }

    fn spawn(&self, generation: Generation, taken: Taken, admission: Option<OwnedSemaphorePermit>) {
        let control = Arc::new(Control::new(self.0.interrupt.clone()));
        self.0.running().insert(generation.id, control.clone());
        let inner = self.0.clone();
        let entry = Entry { inner: inner.clone(), id: generation.id };
        let Generation { id, model, trace, .. } = &generation;
        let span =
            tracing::error_span!(parent: None, "generation", %id, %model, otel.kind = "consumer", trace_id = Empty);
        trace::adopt(&span, *trace);
        self.0.tasks.spawn(async move {
            let _held = (entry, admission);
            run::run(inner.writer(&generation), &generation, taken, &control).instrument(span).await;
        });
    }

    fn control(&self, id: GenerationId) -> Option<Arc<Control>> {
        self.0.running().get(&id).cloned()
    }
}

impl Inner {
    fn lane(&self, generation: &Generation) -> &Lane {
        if generation.model.is_builtin() { &self.builtin } else { &self.providers }
    }

    fn writer(&self, generation: &Generation) -> Writer<'_> {
        let Self { parts, metrics, owner, .. } = self;
        Writer { parts, metrics, owner: *owner, places: &self.lane(generation).places }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<GenerationId, Arc<Control>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the table of what runs, given up also by a task that panics.
struct Entry {
    inner: Arc<Inner>,
    id: GenerationId,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.inner.running().remove(&self.id);
    }
}

fn before(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.saturating_sub(by).unwrap_or(Timestamp::MIN)
}
