//! The end of a generation: each step can be done again, so that whoever takes over after a crash just does them all.
//!
//! The answer is stored first, then the answer it replaces goes, then the generation is over, then the log says so.
//! What is stored decides: an end that finds an answer ends as that answer says.

use std::time::Duration;

use collabry_shared::conversations::{Author, Citation, ClientId, Message, MessageStatus, NewMessage, Rewrite};
use collabry_shared::generations::{Failure, Generation, GenerationState};
use collabry_shared::ids::OwnerId;
use collabry_shared::realtime::{Event, Room};
use collabry_shared::storage::{StoreError, StoreResult};

use super::references;
use super::runner::Parts;
use crate::models::AnswerError;

/// Tries while the database is away; after them the lease runs out and somebody else ends it.
const TRIES: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// How the writing ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Complete,
    Stopped,
    Interrupted,
    Failed(AnswerError),
}

impl From<AnswerError> for Outcome {
    fn from(error: AnswerError) -> Self {
        Self::Failed(error)
    }
}

/// What was written.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub text: String,
    /// All passages given.
    pub citations: Vec<Citation>,
}

/// Ends a generation that `owner` holds.
pub(super) async fn end(
    parts: &Parts,
    owner: OwnerId,
    generation: &Generation,
    draft: &Draft,
    outcome: &Outcome,
) -> StoreResult<()> {
    let message = answer(parts, generation, draft, outcome)?;
    let mut wait = FIRST_WAIT;
    for _ in 1..TRIES {
        match end_once(parts, owner, generation, &message).await {
            Err(StoreError::Unavailable(problem)) => {
                tracing::warn!(id = %generation.id, problem, "a generation could not be ended; trying again");
                tokio::time::sleep(wait).await;
                wait *= 2;
            }
            other => return other,
        }
    }
    end_once(parts, owner, generation, &message).await
}

fn answer(parts: &Parts, generation: &Generation, draft: &Draft, outcome: &Outcome) -> StoreResult<NewMessage> {
    let (status, failure) = match outcome {
        Outcome::Complete => (MessageStatus::Complete, None),
        Outcome::Stopped => (MessageStatus::Stopped, None),
        Outcome::Interrupted => (MessageStatus::Interrupted, None),
        Outcome::Failed(error) => (MessageStatus::Failed, Some(error.failure(parts.models.label(&generation.model)))),
    };
    let client_id = ClientId::parse(&format!("generation:{}", generation.id))
        .map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(NewMessage {
        id: generation.answer_id,
        conversation_id: generation.conversation_id,
        client_id,
        author: Author::Assistant { model: generation.model.clone() },
        content: draft.text.clone(),
        citations: references::referred(&draft.text, &draft.citations),
        status,
        failure,
        generation_id: Some(generation.id),
        reply_to: Some(generation.question_id),
        created_at: parts.clock.now(),
    })
}

async fn end_once(parts: &Parts, owner: OwnerId, generation: &Generation, answer: &NewMessage) -> StoreResult<()> {
    let message = match parts.stores.conversations.append(answer).await {
        Ok(appended) => appended.message().clone(),
        // Deleted with its conversation: those who still watch need an end.
        Err(StoreError::Missing(_)) => {
            let failure = AnswerError::QuestionGone.failure("");
            return finish(parts, owner, generation, GenerationState::Failed, Some(failure)).await.map(drop);
        }
        Err(error) => return Err(error),
    };
    let replaced = replace(parts, generation, &message).await?;
    if finish(parts, owner, generation, state(message.status), message.failure.clone()).await? {
        let Generation { notebook_id, conversation_id, .. } = *generation;
        let (room, head) = (Room::Conversation(conversation_id), message.rev);
        parts.fan_out.emit(room, Event::MessageNew { message }).await;
        let event = Event::ConversationActivity { notebook_id, conversation_id, head };
        parts.fan_out.emit(Room::Outside(notebook_id, conversation_id), event).await;
        if let Some(message) = replaced {
            parts.fan_out.emit(room, Event::MessageDeleted { message }).await;
        }
    }
    Ok(())
}

/// Deletes the answer that a complete one replaces.
async fn replace(parts: &Parts, generation: &Generation, message: &Message) -> StoreResult<Option<Message>> {
    match generation.supersedes {
        Some(old) if message.status == MessageStatus::Complete => {
            let now = parts.clock.now();
            parts.stores.conversations.rewrite(generation.conversation_id, old, &Rewrite::Delete, now).await
        }
        _ => Ok(None),
    }
}

/// Records the end and says so in the log. `false`: another process holds the lease, and will do it.
async fn finish(
    parts: &Parts,
    owner: OwnerId,
    generation: &Generation,
    state: GenerationState,
    failure: Option<Failure>,
) -> StoreResult<bool> {
    let generations = &parts.stores.generations;
    let finished = generations.finish(generation.id, owner, state, failure.as_ref(), parts.clock.now()).await?;
    let mut ended = Generation { state, failure, ..generation.clone() };
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
        parts.stores.generation_log.append(generation.id, &event).await?;
    }
    tracing::info!(id = %generation.id, model = %generation.model, state = ?ended.state, "a generation ended");
    Ok(true)
}

fn state(status: MessageStatus) -> GenerationState {
    match status {
        MessageStatus::Complete => GenerationState::Done,
        MessageStatus::Stopped => GenerationState::Stopped,
        MessageStatus::Interrupted => GenerationState::Interrupted,
        MessageStatus::Failed => GenerationState::Failed,
    }
}
