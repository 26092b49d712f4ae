//! One generation from its claim to its end.

use std::time::{Duration, Instant as StdInstant};

use collabry_shared::conversations::CutOff;
use collabry_shared::generations::{Draft, Generation, GenerationEvent};
use collabry_shared::ids::OwnerId;
use collabry_shared::storage::{StoreError, StoreResult};
use futures::StreamExt;
use jiff::SignedDuration;
use tokio::time::{Instant, sleep, sleep_until};

use super::coalesce::Coalescer;
use super::control::Control;
use super::lease;
use super::metrics::Metrics;
use super::outcome::Outcome;
use super::parts::GenerationParts;
use super::permits::WriterPermits;
use super::request::{self, storage_error};
use crate::models::{Answer, AnswerError, AnswerEvent, Availability};

/// A model that never ends would fill the log and the database.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// A generation that started longer ago is not restarted after a crash: it may be the cause.
const RESTART_WITHIN: SignedDuration = SignedDuration::from_mins(2);

/// Between attempts to read a log: what was shown has to be known before anything is added to it.
const LOG_RETRY: Duration = Duration::from_millis(500);

/// Where a generation was claimed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClaimedFrom {
    /// The queue: nothing has been written yet.
    Queue,
    /// An engine that died while it wrote.
    DeadEngine,
}

/// What runs share in one engine; `permits` bounds how many generations of this kind write at the same time.
#[derive(Clone, Copy)]
pub(super) struct RunContext<'a> {
    pub parts: &'a GenerationParts,
    pub metrics: &'a Metrics,
    pub owner: OwnerId,
    pub permits: &'a WriterPermits,
}

/// Runs a claimed generation to its end.
pub(super) async fn run(context: RunContext<'_>, generation: &Generation, from: ClaimedFrom, control: &Control) {
    let RunContext { parts, metrics, owner, permits } = context;
    let started = StdInstant::now();
    let (draft, coalescer) = (Draft::default(), Coalescer::default());
    let run =
        Run { parts, metrics, owner, generation, control, started, progress: Progress::default(), draft, coalescer };
    let id = generation.id;
    tokio::select! {
        result = run.execute(permits, from) => match result {
            Ok(()) => tracing::debug!(%id, millis = started.elapsed().as_millis(), "generation finished"),
            Err(error) => tracing::error!(%id, %error, "generation outcome could not be recorded; it will be recovered"),
        },
        () = lease::keep(parts, id, owner) => tracing::warn!(%id, "generation lease lost"),
    }
}

/// What the model has sent so far.
#[derive(Default)]
struct Progress {
    thinking: bool,
    text: bool,
    cut_off: Option<CutOff>,
}

struct Run<'a> {
    parts: &'a GenerationParts,
    metrics: &'a Metrics,
    owner: OwnerId,
    generation: &'a Generation,
    control: &'a Control,
    started: StdInstant,
    progress: Progress,
    draft: Draft,
    coalescer: Coalescer,
}

impl Run<'_> {
    async fn execute(mut self, permits: &WriterPermits, from: ClaimedFrom) -> StoreResult<()> {
        let endings = self.parts.endings();
        endings.announce(self.generation).await;
        let may_start = match from {
            ClaimedFrom::Queue => true,
            ClaimedFrom::DeadEngine => {
                self.draft = self.logged().await?;
                self.may_start().await?
            }
        };
        let outcome = if may_start {
            self.write(permits).await.err().unwrap_or(Outcome::Complete(self.progress.cut_off))
        } else {
            Outcome::Interrupted
        };
        if matches!(outcome, Outcome::TakenOver) {
            tracing::warn!(id = %self.generation.id, "generation taken over by another engine");
            return Ok(());
        }
        let outcome = self.control.close(outcome);
        self.metrics.ended(&self.generation.model, &outcome, Some(self.started.elapsed()));
        if let Outcome::Failed(error) = &outcome {
            tracing::warn!(id = %self.generation.id, model = %self.generation.model, %error, "generation failed");
        }
        let published = outcome.published(self.parts.models.label(&self.generation.model));
        endings.end(self.owner, self.generation, self.draft, published).await
    }

    /// What was shown so far, once Redis is available; the lease bounds the wait. If the generation is ended meanwhile,
    /// the next engine has to record it: this one does not know its text.
    async fn logged(&self) -> StoreResult<Draft> {
        loop {
            let unavailable =
                match Draft::taken_over(self.parts.stores.generation_log.as_ref(), self.generation.id).await {
                    Err(StoreError::Redis(error)) => error,
                    result => return result,
                };
            if self.control.unless_ended(sleep(LOG_RETRY)).await.is_err() {
                return Err(StoreError::Redis(unavailable));
            }
        }
    }

    /// Whether nothing was shown or stored yet. Otherwise a process died while it wrote, and the answer is what it
    /// wrote.
    async fn may_start(&self) -> StoreResult<bool> {
        let (conversation, answer) = (self.generation.conversation_id, self.generation.answer_id);
        let age = self.parts.clock.now().duration_since(self.generation.created_at);
        let fresh = !self.draft.started() || (self.draft.text.is_empty() && age < RESTART_WITHIN);
        Ok(fresh && self.parts.stores.conversations.message(conversation, answer).await?.is_none())
    }

    /// Writes until the answer is complete; anything else is an error.
    async fn write(&mut self, permits: &WriterPermits) -> Result<(), Outcome> {
        let _permit = self.control.unless_ended(permits.acquire(self.generation.requested_by)).await?;
        if !self.draft.started() {
            self.append(self.started_event()).await?;
        }
        let answer = self.ask_model().await?;
        let result = self.stream(answer).await;
        self.flush().await?;
        result
    }

    fn started_event(&self) -> GenerationEvent {
        let Generation { question_id, answer_id, .. } = *self.generation;
        GenerationEvent::Started { question_id, answer_id, model: self.generation.model.clone() }
    }

    async fn ask_model(&mut self) -> Result<Answer, Outcome> {
        let cited = self.draft.citations.clone();
        let published = !cited.is_empty();
        let request = request::build(self.parts, self.generation, cited);
        let request = self.control.unless_ended(request).await??;
        if !published && !request.passages.is_empty() {
            self.append(GenerationEvent::Citations { citations: request.passages.clone() }).await?;
        }
        self.control.unless_ended(self.check_model()).await??;
        Ok(self.parts.models.answer(&self.generation.model, &request))
    }

    /// Fails unless the model may be asked. If its provider does not list its models, one that has answered before may.
    async fn check_model(&self) -> Result<(), AnswerError> {
        let model = &self.generation.model;
        match self.parts.models.availability(model).await? {
            Availability::Allowed => Ok(()),
            Availability::NotListed => Err(AnswerError::ModelNotFound),
            Availability::Unknown => {
                let has_answered = self.parts.stores.generations.has_answered(model).await.map_err(storage_error)?;
                if has_answered { Ok(()) } else { Err(AnswerError::Unchecked) }
            }
        }
    }

    async fn stream(&mut self, mut answer: Answer) -> Result<(), Outcome> {
        loop {
            let due = self.coalescer.due(Instant::now());
            let event = tokio::select! {
                biased;
                outcome = self.control.ended() => return Err(outcome),
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    self.flush().await?;
                    continue;
                }
                event = answer.next() => event,
            };
            match event {
                None => return Ok(()),
                Some(Ok(AnswerEvent::Text(text))) => {
                    self.record_first_text();
                    self.coalescer.push(&text);
                }
                Some(Ok(AnswerEvent::Thinking)) => self.append_thinking().await?,
                Some(Ok(AnswerEvent::Retracted)) => self.retract_text().await?,
                Some(Ok(AnswerEvent::CutOff(why))) => self.progress.cut_off = Some(why),
                Some(Ok(AnswerEvent::Usage(usage))) => self.metrics.used(&self.generation.model, usage),
                Some(Err(error)) => return Err(error.into()),
            }
        }
    }

    /// Logs once, and only before there is text, that the model is thinking.
    async fn append_thinking(&mut self) -> Result<(), Outcome> {
        if self.progress.text || std::mem::replace(&mut self.progress.thinking, true) {
            return Ok(());
        }
        self.append(GenerationEvent::Delta { text: String::new(), thinking: true, anew: false }).await
    }

    /// Retracts the text so far.
    async fn retract_text(&mut self) -> Result<(), Outcome> {
        self.coalescer.clear();
        if self.draft.text.is_empty() {
            return Ok(());
        }
        self.append(GenerationEvent::Delta { text: String::new(), thinking: false, anew: true }).await
    }

    fn record_first_text(&mut self) {
        if !std::mem::replace(&mut self.progress.text, true) {
            let waited = self.parts.clock.now().duration_since(self.generation.created_at);
            self.metrics.first_text(&self.generation.model, waited);
        }
    }

    /// Logs the pending text.
    async fn flush(&mut self) -> Result<(), Outcome> {
        let text = self.coalescer.take(Instant::now());
        if text.is_empty() {
            return Ok(());
        }
        if self.draft.text.len() + text.len() > MAX_ANSWER_BYTES {
            return Err(AnswerError::TooLong { limit: MAX_ANSWER_BYTES }.into());
        }
        self.append(GenerationEvent::delta(text)).await
    }

    /// Appends to the log. Text is part of the answer only once it is in the log.
    async fn append(&mut self, event: GenerationEvent) -> Result<(), Outcome> {
        match self.parts.stores.generation_log.append(self.generation.id, &event).await {
            Ok(_) => {
                self.draft.take(event);
                Ok(())
            }
            Err(StoreError::TakenOver(_)) => Err(Outcome::TakenOver),
            Err(error) => Err(storage_error(error).into()),
        }
    }
}
