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
use super::ending::Outcome;
use super::lease;
use super::metrics::Metrics;
use super::parts::GenerationParts;
use super::passages::{self, stored};
use super::places::Places;
use crate::models::{Answer, AnswerError, Piece, Standing};

/// A model that never ends would fill the log and the database.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// A generation that began longer ago is not begun again after a crash: it may be what crashes.
const RESTART_WITHIN: SignedDuration = SignedDuration::from_mins(2);

/// Between looks at a log that cannot be read: what was shown has to be known before anything is added to it.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How a generation came to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// From the queue: nobody has said anything yet.
    New,
    /// From an engine that died while it had it.
    Over,
}

/// Who runs generations, and what with; `places` bounds how many of the generation's kind write at the same time.
#[derive(Clone, Copy)]
pub(super) struct Writer<'a> {
    pub parts: &'a GenerationParts,
    pub metrics: &'a Metrics,
    pub owner: OwnerId,
    pub places: &'a Places,
}

/// Runs a claimed generation.
pub(super) async fn run(writer: Writer<'_>, generation: &Generation, taken: Taken, control: &Control) {
    let Writer { parts, metrics, owner, places } = writer;
    let begun = StdInstant::now();
    let (draft, coalescer) = (Draft::default(), Coalescer::default());
    let run = Run { parts, metrics, owner, generation, control, begun, said: Said::default(), draft, coalescer };
    let id = generation.id;
    tokio::select! {
        result = run.begin(places, taken) => match result {
            Ok(()) => tracing::debug!(%id, millis = begun.elapsed().as_millis(), "a generation left its place"),
            Err(error) => tracing::error!(%id, %error, "a generation could not be ended; it will be recovered"),
        },
        () = lease::keep(parts, id, owner) => tracing::warn!(%id, "the lease of a generation is lost"),
    }
}

/// What the model has let know so far.
#[derive(Default)]
struct Said {
    thinks: bool,
    text: bool,
    cut_off: Option<CutOff>,
}

struct Run<'a> {
    parts: &'a GenerationParts,
    metrics: &'a Metrics,
    owner: OwnerId,
    generation: &'a Generation,
    control: &'a Control,
    begun: StdInstant,
    said: Said,
    draft: Draft,
    coalescer: Coalescer,
}

impl Run<'_> {
    async fn begin(mut self, places: &Places, taken: Taken) -> StoreResult<()> {
        let endings = self.parts.endings();
        endings.announce(self.generation).await;
        let begins = match taken {
            Taken::New => true,
            Taken::Over => {
                self.draft = self.logged().await?;
                self.can_begin().await?
            }
        };
        let outcome = if begins {
            self.write(places).await.err().unwrap_or(Outcome::Complete(self.said.cut_off))
        } else {
            Outcome::Interrupted
        };
        if matches!(outcome, Outcome::TakenOver) {
            tracing::warn!(id = %self.generation.id, "another engine has taken over a generation");
            return Ok(());
        }
        let outcome = self.control.close(outcome);
        self.metrics.ended(&self.generation.model, &outcome, Some(self.begun.elapsed()));
        if let Outcome::Failed(error) = &outcome {
            tracing::warn!(id = %self.generation.id, model = %self.generation.model, %error, "a generation failed");
        }
        let told = outcome.told(self.parts.models.label(&self.generation.model));
        endings.end(self.owner, self.generation, self.draft, told).await
    }

    /// What was shown, once Redis can say it; the lease bounds how long that may take. Who ends the generation before
    /// leaves it to the next: nobody here knows its text.
    async fn logged(&self) -> StoreResult<Draft> {
        loop {
            let away = match Draft::taken_over(self.parts.stores.generation_log.as_ref(), self.generation.id).await {
                Err(StoreError::Redis(away)) => away,
                known => return known,
            };
            if self.control.unless_ended(sleep(LOOK_AGAIN)).await.is_err() {
                return Err(StoreError::Redis(away));
            }
        }
    }

    /// Whether nothing was shown or stored yet. Otherwise a process died while it wrote, and what it wrote is the answer.
    async fn can_begin(&self) -> StoreResult<bool> {
        let (conversation, answer) = (self.generation.conversation_id, self.generation.answer_id);
        let age = self.parts.clock.now().duration_since(self.generation.created_at);
        let fresh = !self.draft.started() || (self.draft.text.is_empty() && age < RESTART_WITHIN);
        Ok(fresh && self.parts.stores.conversations.message(conversation, answer).await?.is_none())
    }

    /// Writes until the answer is complete; anything else is an error.
    async fn write(&mut self, places: &Places) -> Result<(), Outcome> {
        let _place = self.control.unless_ended(places.take(self.generation.requested_by)).await?;
        if !self.draft.started() {
            self.append(self.started()).await?;
        }
        let answer = self.ask().await?;
        let ended = self.stream(answer).await;
        self.flush().await?;
        ended
    }

    fn started(&self) -> GenerationEvent {
        let Generation { question_id, answer_id, .. } = *self.generation;
        GenerationEvent::Started { question_id, answer_id, model: self.generation.model.clone() }
    }

    async fn ask(&mut self) -> Result<Answer, Outcome> {
        let cited = self.draft.citations.clone();
        let told = !cited.is_empty();
        let task = passages::task(self.parts, self.generation, cited);
        let task = self.control.unless_ended(task).await??;
        if !told && !task.passages.is_empty() {
            self.append(GenerationEvent::Citations { citations: task.passages.clone() }).await?;
        }
        self.control.unless_ended(self.may_ask()).await??;
        Ok(self.parts.models.answer(&self.generation.model, &task))
    }

    /// Where a provider does not list its models, those that have answered before may be asked again.
    async fn may_ask(&self) -> Result<(), AnswerError> {
        let model = &self.generation.model;
        match self.parts.models.standing(model).await? {
            Standing::Allowed => Ok(()),
            Standing::NotListed => Err(AnswerError::ModelNotFound),
            Standing::Unknown => {
                let used = self.parts.stores.generations.has_answered(model).await.map_err(stored)?;
                if used { Ok(()) } else { Err(AnswerError::Unchecked) }
            }
        }
    }

    async fn stream(&mut self, mut answer: Answer) -> Result<(), Outcome> {
        loop {
            let due = self.coalescer.due(Instant::now());
            let piece = tokio::select! {
                biased;
                outcome = self.control.ended() => return Err(outcome),
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    self.flush().await?;
                    continue;
                }
                piece = answer.next() => piece,
            };
            match piece {
                None => return Ok(()),
                Some(Ok(Piece::Text(text))) => {
                    self.hear_first();
                    self.coalescer.push(&text);
                }
                Some(Ok(Piece::Thinking)) => self.hear_thought().await?,
                Some(Ok(Piece::Anew)) => self.begin_anew().await?,
                Some(Ok(Piece::CutOff(why))) => self.said.cut_off = Some(why),
                Some(Ok(Piece::Usage(usage))) => self.metrics.used(&self.generation.model, usage),
                Some(Err(error)) => return Err(error.into()),
            }
        }
    }

    /// Says once, before there is text, that the model thinks.
    async fn hear_thought(&mut self) -> Result<(), Outcome> {
        if self.said.text || std::mem::replace(&mut self.said.thinks, true) {
            return Ok(());
        }
        self.append(GenerationEvent::Delta { text: String::new(), thinking: true, anew: false }).await
    }

    /// Takes back the text so far.
    async fn begin_anew(&mut self) -> Result<(), Outcome> {
        self.coalescer.clear();
        if self.draft.text.is_empty() {
            return Ok(());
        }
        self.append(GenerationEvent::Delta { text: String::new(), thinking: false, anew: true }).await
    }

    fn hear_first(&mut self) {
        if !std::mem::replace(&mut self.said.text, true) {
            let waited = self.parts.clock.now().duration_since(self.generation.created_at);
            self.metrics.first_text(&self.generation.model, waited);
        }
    }

    /// Logs the text that is pending. It is part of the answer only once it is in the log, and never dropped half way.
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

    /// Nothing is part of the answer before it is in the log.
    async fn append(&mut self, event: GenerationEvent) -> Result<(), Outcome> {
        match self.parts.stores.generation_log.append(self.generation.id, &event).await {
            Ok(_) => {
                self.draft.take(event);
                Ok(())
            }
            Err(StoreError::TakenOver(_)) => Err(Outcome::TakenOver),
            Err(error) => Err(stored(error).into()),
        }
    }
}
