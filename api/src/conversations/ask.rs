//! Asking for an answer.

use std::collections::HashSet;

use collabry_shared::conversations::{Conversation, Message};
use collabry_shared::engine::{EngineError, ModelId};
use collabry_shared::generations::{Generation, GenerationState};
use collabry_shared::ids::{GenerationId, MessageId, NotebookId, SourceId, UserId};
use collabry_shared::telemetry::trace;
use serde::Deserialize;
use utoipa::ToSchema;

use super::ConversationAccess;
use super::send::model_of;
use crate::http::{ApiError, ApiResult};
use crate::state::ApiState;

/// What a new answer may be made with.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Regeneration {
    #[schema(example = "builtin/extractive")]
    pub model: Option<String>,
    pub source_ids: Option<Vec<SourceId>>,
}

/// What is to be answered.
#[derive(Debug)]
pub(super) struct Question<'a> {
    pub message: &'a Message,
    pub generation_id: GenerationId,
    /// The answer that the new one replaces.
    pub supersedes: Option<MessageId>,
}

pub(super) fn parse_model(text: Option<&str>) -> ApiResult<Option<ModelId>> {
    text.map(ModelId::parse).transpose().map_err(|error| ApiError::invalid("model_invalid", format!("{error}.")))
}

/// Stores the request for an answer; asking for the same one again changes nothing.
pub(super) async fn queue(
    state: &ApiState,
    conversation: &Conversation,
    requested_by: UserId,
    question: Question<'_>,
    model: Option<ModelId>,
    source_ids: Option<Vec<SourceId>>,
) -> ApiResult<Generation> {
    let generation = Generation {
        id: question.generation_id,
        notebook_id: conversation.notebook_id,
        conversation_id: conversation.id,
        question_id: question.message.id,
        answer_id: MessageId::new(),
        model: model_of(state, conversation, model),
        source_ids: source_ids.map(distinct),
        supersedes: question.supersedes,
        requested_by,
        state: GenerationState::Queued,
        failure: None,
        cut_off: None,
        created_at: state.clock.now(),
        finished_at: None,
        last_event_id: None,
        text_length: None,
        layout: None,
        trace: trace::current(),
    };
    state.stores.generations.create(&generation).await?;
    Ok(generation)
}

/// Hands the request to an engine. An engine that is full or away is no error here: the request is stored, and whoever
/// is free takes it up.
pub(super) async fn start(state: &ApiState, notebook: NotebookId, id: GenerationId) -> ApiResult<()> {
    match state.engine.start_generation(notebook, id).await {
        Ok(()) => Ok(()),
        Err(error @ (EngineError::Busy | EngineError::Unreachable)) => {
            tracing::warn!(generation = %id, %error, "the generation waits in the queue");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Asks a question again. `message` may be the question, which means its newest answer, or one of its answers; a
/// complete new answer replaces the old.
pub async fn regenerate(
    state: &ApiState,
    ConversationAccess { conversation, access }: &ConversationAccess,
    message: MessageId,
    request: Regeneration,
) -> ApiResult<Generation> {
    let model = parse_model(request.model.as_deref())?;
    let message = find(state, conversation, message).await?;
    let (question, supersedes) = if let Some(question) = message.reply_to {
        (find(state, conversation, question).await?, Some(message.id))
    } else {
        let answer = state.stores.conversations.latest_answer(conversation.id, message.id).await?;
        (message, answer.map(|answer| answer.id))
    };
    let generation_id = GenerationId::new();
    let question = Question { message: &question, generation_id, supersedes };
    let generation = queue(state, conversation, access.user_id, question, model, request.source_ids).await?;
    start(state, conversation.notebook_id, generation.id).await?;
    Ok(generation)
}

async fn find(state: &ApiState, conversation: &Conversation, id: MessageId) -> ApiResult<Message> {
    let message = state.stores.conversations.message(conversation.id, id).await?;
    message.filter(|message| message.deleted_at.is_none()).ok_or_else(ApiError::not_found)
}

fn distinct(ids: Vec<SourceId>) -> Vec<SourceId> {
    let mut seen = HashSet::new();
    ids.into_iter().filter(|id| seen.insert(*id)).collect()
}
