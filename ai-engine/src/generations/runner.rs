//! Starts, stops and drains generations.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use collabry_shared::engine::EngineError;
use collabry_shared::generations::{Draft, Generation, GenerationState, lease};
use collabry_shared::ids::{GenerationId, OwnerId};
use collabry_shared::storage::StoreResult;
use collabry_shared::telemetry::trace;
use prometheus_client::registry::Registry;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;
use tracing::field::Empty;

use super::capacity::Capacity;
use super::control::Control;
use super::lease::SETTLE;
use super::metrics::Metrics;
use super::outcome::Outcome;
use super::parts::GenerationParts;
use super::run::{self, ClaimedFrom, RunContext};

/// How often an engine checks that its answers are still wanted, so that a deletion ends one within a second.
const CHECK_UNWANTED_EVERY: Duration = Duration::from_millis(400);

/// The generations of one runner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    pub writing: usize,
    /// Claimed, and waiting for a permit to write.
    pub waiting: usize,
}

/// Runs generations; clones share the same runner.
#[derive(Clone)]
pub struct Generations(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub parts: GenerationParts,
    pub metrics: Metrics,
    pub owner: OwnerId,
    /// The built-in answerer has a capacity of its own, so that a slow model server never takes it up.
    builtin: Capacity,
    providers: Capacity,
    running: Mutex<HashMap<GenerationId, Arc<Control>>>,
    tasks: TaskTracker,
    pub draining: CancellationToken,
    interrupt: CancellationToken,
}

impl fmt::Debug for Generations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generations").field("owner", &self.0.owner).finish_non_exhaustive()
    }
}

impl Generations {
    /// A runner that lets `concurrent` generations of providers write at the same time, and as many of the built-in
    /// answerer.
    pub fn new(parts: GenerationParts, concurrent: usize) -> Self {
        Self(Arc::new(Inner {
            metrics: Metrics::new(Arc::clone(&parts.models)),
            parts,
            owner: OwnerId::new(),
            builtin: Capacity::new(concurrent),
            providers: Capacity::new(concurrent),
            running: Mutex::default(),
            tasks: TaskTracker::new(),
            draining: CancellationToken::new(),
            interrupt: CancellationToken::new(),
        }))
    }

    /// Claims a queued generation and runs it in the background. Does nothing if it is not queued any more.
    ///
    /// # Errors
    /// [`EngineError::Busy`] when the engine is at capacity, before anything is claimed: the caller may ask another
    /// engine. If none claims it, [`recover`](Self::recover) starts it as soon as there is capacity, or fails it after
    /// a minute.
    pub async fn start(&self, id: GenerationId) -> Result<(), EngineError> {
        // Taken before the check, so that a drain waits for every generation that passed it.
        let _token = self.0.tasks.token();
        if self.0.draining.is_cancelled() {
            return Err(EngineError::Busy);
        }
        let found = self.0.parts.stores.generations.get(id).await?;
        let Some(queued) = found.filter(|found| found.state == GenerationState::Queued) else {
            return Ok(());
        };
        let permits = Arc::clone(&self.0.capacity(&queued).admission_permits);
        let admission = permits.try_acquire_owned().map_err(|_| EngineError::Busy)?;
        if let Some(generation) = self.claim(id).await? {
            self.spawn(generation, ClaimedFrom::Queue, Some(admission));
        }
        Ok(())
    }

    /// Stops a generation; the text so far becomes the answer. `false`: it has ended already.
    ///
    /// # Errors
    /// [`EngineError::Unreachable`] when another live engine runs it: ask that one.
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
        // It was claimed meanwhile, or has just been taken over from a dead engine.
        self.control(id).map(|control| control.stop()).ok_or(EngineError::Unreachable)
    }

    /// Ends the generations that nobody wants any more: the conversation or question was deleted, or the person who
    /// asked is no longer a member.
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

    /// Drops unwanted generations regularly until `shutdown`.
    pub async fn keep_dropping_unwanted(&self, shutdown: CancellationToken) {
        let mut wait = CHECK_UNWANTED_EVERY;
        while shutdown.run_until_cancelled(tokio::time::sleep(wait)).await.is_some() {
            wait = match self.drop_unwanted().await {
                Ok(()) => CHECK_UNWANTED_EVERY,
                Err(error) => {
                    tracing::error!(%error, "check for unwanted generations failed");
                    SETTLE
                }
            };
        }
    }

    /// Accepts nothing new, lets running generations finish within `drain`, then interrupts them. Returns when all have
    /// ended.
    pub async fn shutdown(&self, drain: Duration) {
        self.0.draining.cancel();
        self.0.tasks.close();
        if tokio::time::timeout(drain, self.0.tasks.wait()).await.is_err() {
            tracing::info!(running = self.0.tasks.len(), "interrupting generations");
            self.0.interrupt.cancel();
            self.0.tasks.wait().await;
        }
    }

    /// Registers its metrics.
    pub fn register(&self, registry: &mut Registry) {
        self.0.metrics.register(registry);
    }

    /// The current load.
    pub fn load(&self) -> Load {
        let Inner { builtin, providers, .. } = self.0.as_ref();
        let writing = builtin.writing() + providers.writing();
        Load { writing, waiting: builtin.waiting() + providers.waiting() }
    }

    pub(super) async fn claim(&self, id: GenerationId) -> StoreResult<Option<Generation>> {
        let GenerationParts { stores, clock, .. } = &self.0.parts;
        stores.generations.claim(id, self.0.owner, lease::until(clock.now())).await
    }

    /// Ends a generation that was claimed and not started.
    pub(super) async fn end(&self, generation: &Generation, outcome: &Outcome) -> StoreResult<()> {
        let (parts, endings) = (&self.0.parts, self.0.parts.endings());
        self.0.metrics.ended(&generation.model, outcome, None);
        endings.announce(generation).await;
        let published = outcome.published(parts.models.label(&generation.model));
        endings.end(self.0.owner, generation, Draft::default(), published).await
    }

    pub(super) fn spawn(&self, generation: Generation, from: ClaimedFrom, admission: Option<OwnedSemaphorePermit>) {
        let control = Arc::new(Control::new(self.0.interrupt.clone()));
        self.0.running().insert(generation.id, control.clone());
        let inner = self.0.clone();
        let entry = RunningEntry { inner: inner.clone(), id: generation.id };
        let Generation { id, model, trace, .. } = &generation;
        let span =
            tracing::error_span!(parent: None, "generation", %id, %model, otel.kind = "consumer", trace_id = Empty);
        trace::adopt(&span, *trace);
        self.0.tasks.spawn(async move {
            let _guards = (entry, admission);
            run::run(inner.context(&generation), &generation, from, &control).instrument(span).await;
        });
    }

    pub(super) fn control(&self, id: GenerationId) -> Option<Arc<Control>> {
        self.0.running().get(&id).cloned()
    }
}

impl Inner {
    fn capacity(&self, generation: &Generation) -> &Capacity {
        if generation.model.is_builtin() { &self.builtin } else { &self.providers }
    }

    fn context(&self, generation: &Generation) -> RunContext<'_> {
        let Self { parts, metrics, owner, .. } = self;
        RunContext { parts, metrics, owner: *owner, permits: &self.capacity(generation).writer_permits }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<GenerationId, Arc<Control>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An entry in the table of running generations, removed also when its task panics.
struct RunningEntry {
    inner: Arc<Inner>,
    id: GenerationId,
}

impl Drop for RunningEntry {
    fn drop(&mut self) {
        self.inner.running().remove(&self.id);
    }
}
