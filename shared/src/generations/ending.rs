//! The end of a generation: each step can be done again, so that whoever takes over after a crash just does them all.
//!
//! The answer is stored first, then the answer it replaces goes, then the generation is over, then the log says so.
//! What is stored decides: an end that finds an answer ends as that answer says. With the end is stored how much was told,
//! so that a reader whose log lacks some knows it, and is told the rest from the stored answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::allowance::cost_nothing;
use super::{
    Draft, Finish, Generation, GenerationEvent, GenerationLog, GenerationRepo, GenerationState, Unwanted, lease,
    references,
};
use crate::clock::Clock;
use crate::conversations::{
    Appended, Author, ClientId, Content, ConversationRepo, CutOff, Failure, Message, MessageStatus, NewMessage, Rewrite,
};
use crate::ids::OwnerId;
use crate::realtime::{Event, FanOut, Room, Signal};
use crate::storage::{StoreError, StoreResult};

/// Tries while the database is away; after them the lease runs out and somebody else ends it.
const TRIES: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// Ends generations: an engine its own, and anyone those of dead engines.
#[derive(Clone)]
pub struct Endings {
    pub generations: Arc<dyn GenerationRepo>,
    pub conversations: Arc<dyn ConversationRepo>,
    pub log: Arc<dyn GenerationLog>,
    pub fan_out: Arc<dyn FanOut>,
    pub clock: Arc<dyn Clock>,
}

/// How the writing ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GenerationEnd {
    /// All of it, as far as the model says; otherwise why it may end too early.
    Complete(Option<CutOff>),
    Stopped,
    Interrupted,
    Failed(Failure),
    /// Nothing is stored.
    Unwanted(Unwanted),
}

impl Endings {
    /// Lets the relays follow the log. It comes before anything that may end the generation, so that its end is heard
    /// too.
    pub async fn announce(&self, generation: &Generation) {
        let Generation { id: generation_id, conversation_id, .. } = *generation;
        self.fan_out.signal(Signal::GenerationRunning { generation_id, conversation_id }).await;
    }

    /// Ends a generation that `owner` holds. What nobody wants any more is not stored, however it ended.
    pub async fn end(
        &self,
        owner: OwnerId,
        generation: &Generation,
        mut draft: Draft,
        end: GenerationEnd,
    ) -> StoreResult<()> {
        let mut wait = FIRST_WAIT;
        for _ in 1..TRIES {
            match self.end_once(owner, generation, &mut draft, &end).await {
                Err(error @ (StoreError::Unavailable(_) | StoreError::Full(_) | StoreError::Redis(_))) => {
                    tracing::warn!(id = %generation.id, %error, "a generation could not be ended; trying again");
                    tokio::time::sleep(wait).await;
                    wait *= 2;
                }
                other => return other,
            }
        }
        self.end_once(owner, generation, &mut draft, &end).await
    }

    /// Ends every generation whose lease ran out before `lapsed_before` as interrupted, with the text that was shown;
    /// returns how many. For a process that cannot go on with them: engines come first, and begin those again of which
    /// nothing was shown, so that `lapsed_before` should lie some seconds back.
    pub async fn end_abandoned(&self, owner: OwnerId, lapsed_before: Timestamp) -> StoreResult<u32> {
        let generations = &self.generations;
        let mut ended = 0;
        loop {
            let until = lease::until(self.clock.now());
            let Some(generation) = generations.claim_abandoned(owner, lapsed_before, until).await? else {
                return Ok(ended);
            };
            self.announce(&generation).await;
            let draft = match Draft::taken_over(self.log.as_ref(), generation.id).await {
                Ok(draft) => draft,
                // Its lease runs out again, and it is looked at again.
                Err(StoreError::Redis(away)) => {
                    tracing::debug!(id = %generation.id, away, "what was shown is known once Redis is back");
                    return Ok(ended);
                }
                Err(error) => return Err(error),
            };
            self.end(owner, &generation, draft, GenerationEnd::Interrupted).await?;
            ended += 1;
        }
    }

    fn answer(&self, generation: &Generation, draft: &Draft, status: MessageStatus) -> NewMessage {
        NewMessage {
            id: generation.answer_id,
            conversation_id: generation.conversation_id,
            client_id: ClientId::of_answer(generation.id),
            author: Author::Assistant { model: generation.model.clone() },
            content: Content::of_answer(draft.text.clone()),
            citations: references::referred(&draft.text, &draft.citations),
            status,
            failure: None,
            cut_off: None,
            generation_id: Some(generation.id),
            reply_to: Some(generation.question_id),
            asked: None,
            created_at: self.clock.now(),
        }
    }

    async fn end_once(
        &self,
        owner: OwnerId,
        generation: &Generation,
        draft: &mut Draft,
        end: &GenerationEnd,
    ) -> StoreResult<()> {
        let (status, failure, cut_off) = match end {
            GenerationEnd::Unwanted(why) => return self.drop_unwanted(owner, generation, draft, *why).await,
            GenerationEnd::Complete(cut_off) => (MessageStatus::Complete, None, *cut_off),
            GenerationEnd::Stopped => (MessageStatus::Stopped, None, None),
            GenerationEnd::Interrupted => (MessageStatus::Interrupted, None, None),
            GenerationEnd::Failed(failure) => (MessageStatus::Failed, Some(failure.clone()), None),
        };
        if let Some((_, why)) = self.generations.unwanted(&[generation.id]).await?.pop() {
            return self.drop_unwanted(owner, generation, draft, why).await;
        }
        let answer = NewMessage { failure, cut_off, ..self.answer(generation, draft, status) };
        let message = match self.store(generation, answer).await {
            Ok(Some(message)) => message,
            Ok(None) => {
                let failure = Some(not_stored());
                let failed = Finish { failure, layout: draft.layout().cloned(), ..GenerationState::Failed.into() };
                return self.finish(owner, generation, failed).await.map(drop);
            }
            // Deleted with its conversation this instant.
            Err(StoreError::Missing(_)) => {
                return self.drop_unwanted(owner, generation, draft, Unwanted::ConversationGone).await;
            }
            Err(error) => return Err(error),
        };
        self.complete(generation, draft, &message).await?;
        let replaced = self.replace(generation, &message).await?;
        let (state, failure, cut_off) = (state(message.status), message.failure.clone(), message.cut_off);
        let finish = Finish { state, failure, cut_off, layout: draft.layout().cloned() };
        if self.finish(owner, generation, finish).await? {
            let Generation { notebook_id, conversation_id, .. } = *generation;
            let (head, last_message_at) = (message.rev, message.created_at);
            self.fan_out.changed(message).await;
            let event = Event::ConversationActivity { notebook_id, conversation_id, head, last_message_at };
            self.fan_out.emit(Room::Outside(notebook_id, conversation_id), event).await;
            if let Some(message) = replaced {
                self.fan_out.changed(Arc::new(message)).await;
            }
        }
        Ok(())
    }

    /// A log that lost its end with the Redis that had it is told the rest of what is stored.
    async fn complete(&self, generation: &Generation, draft: &mut Draft, message: &Message) -> StoreResult<()> {
        if let Some(rest) = message.content.strip_prefix(draft.text.as_str()).filter(|rest| !rest.is_empty()) {
            let rest = GenerationEvent::delta(rest);
            self.log.append(generation.id, &rest).await?;
            draft.take(rest);
        }
        Ok(())
    }

    /// Those who still watch need an end.
    async fn drop_unwanted(
        &self,
        owner: OwnerId,
        generation: &Generation,
        draft: &Draft,
        why: Unwanted,
    ) -> StoreResult<()> {
        let (failure, layout) = (Some(why.failure()), draft.layout().cloned());
        let gone = Finish { failure, layout, ..GenerationState::Failed.into() };
        self.finish(owner, generation, gone).await.map(drop)
    }

    /// Stores the answer. A message that is not it may have its client id, sent while such ids were not reserved: then
    /// what was written is kept as a failed answer, which replaces nothing. `None`: there is no place for that either.
    async fn store(&self, generation: &Generation, answer: NewMessage) -> StoreResult<Option<Arc<Message>>> {
        let is_ours = |appended: &Appended| appended.message().id == generation.answer_id;
        let conversations = &self.conversations;
        let appended = conversations.append(&answer).await?;
        if is_ours(&appended) {
            return Ok(Some(appended.into_message()));
        }
        let (id, other) = (generation.id, appended.message().id);
        tracing::error!(%id, %other, "another message has the client id of an answer; the answer ends as failed");
        let failed = NewMessage {
            client_id: ClientId::of_displaced(generation.answer_id),
            status: MessageStatus::Failed,
            failure: Some(not_stored()),
            ..answer
        };
        let appended = conversations.append(&failed).await?;
        Ok(is_ours(&appended).then(|| appended.into_message()))
    }

    /// Marks the answer that a whole one replaces: one that was cut off may say less than the old one.
    async fn replace(&self, generation: &Generation, message: &Message) -> StoreResult<Option<Message>> {
        match generation.supersedes {
            Some(old) if message.status == MessageStatus::Complete && message.cut_off.is_none() => {
                let now = self.clock.now();
                let by = Rewrite::Supersede { by: message.id };
                self.conversations.rewrite(generation.conversation_id, old, &by, now).await
            }
            _ => Ok(None),
        }
    }

    /// Records the end and says so in the log. `false`: another process holds the lease, and will do it.
    async fn finish(&self, owner: OwnerId, generation: &Generation, finish: Finish) -> StoreResult<bool> {
        let generations = &self.generations;
        let finished = generations.finish(generation.id, owner, &finish, self.clock.now()).await?;
        let Finish { state, failure, cut_off, layout } = finish;
        let mut ended = Generation { state, failure, cut_off, ..generation.clone() }.told(layout);
        if finished && ended.failure.as_ref().is_some_and(cost_nothing) {
            generations.give_back(generation.id).await?;
        }
        if !finished {
            // Gone with its conversation, or ended by a try whose reply was lost: the log still has to end. Otherwise it
            // is somebody else's.
            match generations.get(generation.id).await? {
                None => {}
                Some(found) if found.state.is_final() => ended = found,
                Some(_) => return Ok(false),
            }
        }
        if let Some(event) = ended.final_event() {
            self.log.append(generation.id, &event).await?;
        }
        tracing::info!(id = %generation.id, model = %generation.model, state = ?ended.state, "a generation ended");
        Ok(true)
    }
}

impl fmt::Debug for Endings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endings").finish_non_exhaustive()
    }
}

/// The answer's place in the conversation is another message's.
fn not_stored() -> Failure {
    Failure {
        code: "answer_not_stored".to_owned(),
        message: "The answer could not be stored in its place. Ask again.".to_owned(),
        retryable: true,
    }
}

fn state(status: MessageStatus) -> GenerationState {
    match status {
        MessageStatus::Complete => GenerationState::Done,
        MessageStatus::Stopped => GenerationState::Stopped,
        MessageStatus::Interrupted => GenerationState::Interrupted,
        MessageStatus::Failed => GenerationState::Failed,
    }
}
