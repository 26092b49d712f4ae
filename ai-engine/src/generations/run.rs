//! One generation from its claim to its end.

use std::time::Instant as StdInstant;

use collabry_shared::conversations::CutOff;
use collabry_shared::generations::{Draft, Generation, GenerationEvent, Logged};
use collabry_shared::ids::OwnerId;
use collabry_shared::storage::StoreResult;
use futures::StreamExt;
use jiff::SignedDuration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

use super::coalesce::Coalescer;
use super::control::Control;
use super::ending::Outcome;
use super::metrics::Metrics;
use super::passages::{self, stored};
use super::{lease, runner::Parts};
use crate::models::{Answer, AnswerError, Piece};

/// A model that never ends would fill the log and the database.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// A generation that began longer ago is not begun again after a crash: it may be what crashes.
const RESTART_WITHIN: SignedDuration = SignedDuration::from_mins(2);

/// Who runs generations, and what with; `places` bounds how many write at the same time.
#[derive(Clone, Copy)]
pub(super) struct Writer<'a> {
    pub parts: &'a Parts,
    pub metrics: &'a Metrics,
    pub owner: OwnerId,
    pub places: &'a Semaphore,
}

/// Runs a claimed generation.
pub(super) async fn run(writer: Writer<'_>, generation: &Generation, control: &Control) {
    let Writer { parts, metrics, owner, places } = writer;
    let begun = StdInstant::now();
    let (draft, coalescer) = (Draft::default(), Coalescer::default());
    let run = Run { parts, metrics, owner, generation, control, begun, said: Said::default(), draft, coalescer };
    let id = generation.id;
    tokio::select! {
        result = run.begin(places) => match result {
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
    parts: &'a Parts,
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
    async fn begin(mut self, places: &Semaphore) -> StoreResult<()> {
        let endings = self.parts.endings();
        endings.announce(self.generation).await;
        let logged = Logged::read(self.parts.stores.generation_log.as_ref(), self.generation.id).await?;
        let outcome = if self.can_begin(&logged).await? {
            self.write(places, logged).await.err().unwrap_or(Outcome::Complete(self.said.cut_off))
        } else {
            self.draft = Draft { text: logged.text, citations: logged.citations };
            Outcome::Interrupted
        };
        let outcome = self.control.close(outcome);
        self.metrics.ended(&self.generation.model, &outcome, Some(self.begun.elapsed()));
        if let Outcome::Failed(error) = &outcome {
            tracing::warn!(id = %self.generation.id, model = %self.generation.model, %error, "a generation failed");
        }
        let told = outcome.told(self.parts.models.label(&self.generation.model));
        endings.end(self.owner, self.generation, &self.draft, told).await
    }

    /// Whether nothing was shown yet. Otherwise a process died while it wrote, and what it wrote is the answer.
    async fn can_begin(&self, logged: &Logged) -> StoreResult<bool> {
        if !logged.started {
            return Ok(true);
        }
        let (conversation, answer) = (self.generation.conversation_id, self.generation.answer_id);
        let age = self.parts.clock.now().duration_since(self.generation.created_at);
        Ok(logged.text.is_empty()
            && age < RESTART_WITHIN
            && self.parts.stores.conversations.message(conversation, answer).await?.is_none())
    }

    /// Writes until the answer is complete; anything else is an error.
    async fn write(&mut self, places: &Semaphore, logged: Logged) -> Result<(), Outcome> {
        let _place = self.control.unless_ended(places.acquire()).await?;
        if !logged.started {
            self.append(&self.started()).await?;
        }
        let answer = self.ask(logged).await?;
        let ended = self.stream(answer).await;
        self.flush().await?;
        ended
    }

    fn started(&self) -> GenerationEvent {
        let Generation { question_id, answer_id, .. } = *self.generation;
        GenerationEvent::Started { question_id, answer_id, model: self.generation.model.clone() }
    }

    async fn ask(&mut self, logged: Logged) -> Result<Answer, Outcome> {
        let cited = !logged.citations.is_empty();
        let task = passages::task(self.parts, self.generation, logged.citations);
        let task = self.control.unless_ended(task).await??;
        self.draft.citations.clone_from(&task.passages);
        if !cited && !task.passages.is_empty() {
            self.append(&GenerationEvent::Citations { citations: task.passages.clone() }).await?;
        }
        Ok(self.parts.models.answer(&self.generation.model, &task))
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
    async fn hear_thought(&mut self) -> Result<(), AnswerError> {
        if self.said.text || std::mem::replace(&mut self.said.thinks, true) {
            return Ok(());
        }
        self.append(&GenerationEvent::Delta { text: String::new(), thinking: true, anew: false }).await
    }

    /// Takes back the text so far.
    async fn begin_anew(&mut self) -> Result<(), AnswerError> {
        self.coalescer.clear();
        if self.draft.text.is_empty() {
            return Ok(());
        }
        self.append(&GenerationEvent::Delta { text: String::new(), thinking: false, anew: true }).await?;
        self.draft.text.clear();
        Ok(())
    }

    fn hear_first(&mut self) {
        if !std::mem::replace(&mut self.said.text, true) {
            let waited = self.parts.clock.now().duration_since(self.generation.created_at);
            self.metrics.first_text(&self.generation.model, waited);
        }
    }

    /// Logs the text that is pending. It is part of the answer only once it is in the log, and never dropped half way.
    async fn flush(&mut self) -> Result<(), AnswerError> {
        let text = self.coalescer.take(Instant::now());
        if text.is_empty() {
            return Ok(());
        }
        if self.draft.text.len() + text.len() > MAX_ANSWER_BYTES {
            return Err(AnswerError::TooLong { limit: MAX_ANSWER_BYTES });
        }
        self.append(&GenerationEvent::delta(text.clone())).await?;
        self.draft.text.push_str(&text);
        Ok(())
    }

    async fn append(&self, event: &GenerationEvent) -> Result<(), AnswerError> {
        self.parts.stores.generation_log.append(self.generation.id, event).await.map(drop).map_err(stored)
    }
}
