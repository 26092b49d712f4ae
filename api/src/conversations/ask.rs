//! Asking for an answer.

use std::collections::HashSet;
use std::sync::Arc;

use collabry_shared::conversations::{Conversation, Message};
use collabry_shared::engine::EngineError;
use collabry_shared::generations::{Generation, GenerationState, Requested};
use collabry_shared::ids::{GenerationId, MessageId, NotebookId, SourceId, UserId};
use collabry_shared::locks::Lock;
use collabry_shared::models::ModelId;
use collabry_shared::notebooks::Role;
use collabry_shared::telemetry::trace;
use serde::Deserialize;
use tracing::Instrument as _;
use utoipa::ToSchema;

use super::{ConversationAccess, allowance};
use crate::bounds;
use crate::http::{ApiError, ApiResult, Code};
use crate::notebooks::{NotebookAccess, Viewer};
use crate::state::ApiState;

/// What a new answer may be made with.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnswerRequest {
    #[schema(example = "builtin/extractive")]
    pub model: Option<String>,
    pub source_ids: Option<Vec<SourceId>>,
}

/// What is to be answered, and with what.
#[derive(Debug)]
pub(super) struct Question {
    pub message: MessageId,
    pub generation_id: GenerationId,
    /// The answer that the new one replaces.
    pub supersedes: Option<MessageId>,
    pub model: Option<ModelId>,
    pub source_ids: Option<Vec<SourceId>>,
}

pub(super) fn parse_model(text: Option<&str>) -> ApiResult<Option<ModelId>> {
    text.map(ModelId::parse)
        .transpose()
        .map_err(|error| ApiError::field(Code::ModelInvalid, "model", format!("{error}.")))
}

/// The model that a conversation's questions go to when they name none.
fn model_of(state: &ApiState, conversation: &Conversation, named: Option<ModelId>) -> ModelId {
    named.or_else(|| conversation.model.clone()).unwrap_or_else(|| state.default_model.clone())
}

/// The request for an answer, not yet stored.
pub(super) fn generation(
    state: &ApiState,
    conversation: &Conversation,
    requested_by: UserId,
    question: Question,
) -> Generation {
    Generation {
        id: question.generation_id,
        notebook_id: conversation.notebook_id,
        conversation_id: conversation.id,
        question_id: question.message,
        answer_id: MessageId::new(),
        model: model_of(state, conversation, question.model),
        source_ids: question.source_ids.map(distinct),
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
    }
}

/// Stores the request, if its person may have another answer; asking for the same one again changes nothing.
pub(super) async fn queue(state: &ApiState, generation: &Generation) -> ApiResult<()> {
    let allowance = &state.config.limits.answers;
    match state.stores.generations.request(generation, allowance).await? {
        Requested::Queued => Ok(()),
        refused => Err(allowance::refusal(refused, allowance, state.clock.now())),
    }
}

/// Asks an engine to start, in the background, so that the caller does not wait for it. The request is stored already: if
/// this call fails, the next engine that is free takes the request from the queue.
pub(super) fn start(state: &ApiState, notebook: NotebookId, id: GenerationId) {
    let engine = Arc::clone(&state.engine);
    let starting = async move {
        match engine.start_generation(notebook, id).await {
            Ok(()) => {}
            Err(error @ (EngineError::Busy | EngineError::Unreachable)) => {
                tracing::warn!(generation = %id, %error, "the generation waits in the queue");
            }
            Err(error) => {
                tracing::error!(generation = %id, %error, "starting failed; the generation waits in the queue");
            }
        }
    };
    state.background.spawn(starting.in_current_span());
}

/// Asks a question again. `message` may be the question or an answer that gave way, which mean the newest answer,
/// or another answer. A
/// complete new answer replaces the old one if the caller may replace it, and else stands beside it. One at a time: while an
/// answer to the question is being written, no other is asked for.
pub async fn regenerate(
    state: &ApiState,
    ConversationAccess { conversation, access }: &ConversationAccess,
    message: MessageId,
    request: AnswerRequest,
) -> ApiResult<Generation> {
    let model = parse_model(request.model.as_deref())?;
    let message = find(state, conversation, message).await?;
    let (question, named) = match message.reply_to {
        Some(question) => (find(state, conversation, question).await?, Some(message)),
        None => (message, None),
    };
    let alone = bounds::alone(state, Lock::Answers(question.id)).await?;
    none_in_progress(state, conversation, question.id).await?;
    let answer = match named.filter(|answer| answer.superseded_by.is_none()) {
        Some(answer) => Some(answer),
        None => state.stores.conversations.latest_answer(conversation.id, question.id).await?,
    };
    let supersedes = match answer {
        Some(answer) if may_replace(state, access, &question, &answer).await? => Some(answer.id),
        _ => None,
    };
    let generation_id = GenerationId::new();
    let question = Question { message: question.id, generation_id, supersedes, model, source_ids: request.source_ids };
    let generation = generation(state, conversation, access.user_id, question);
    queue(state, &generation).await?;
    drop(alone);
    start(state, conversation.notebook_id, generation.id);
    Ok(generation)
}

/// Two new answers at the same time could replace the old one only once.
async fn none_in_progress(state: &ApiState, conversation: &Conversation, question: MessageId) -> ApiResult<()> {
    let unfinished = state.stores.generations.unfinished_in(conversation.id).await?;
    if unfinished.iter().any(|generation| generation.question_id == question) {
        return Err(ApiError::from(Code::AnswerInProgress));
    }
    Ok(())
}

/// An editor may delete any answer, and so replace it; others replace those to their own questions, and those that they
/// asked for themselves.
async fn may_replace(
    state: &ApiState,
    access: &NotebookAccess<Viewer>,
    question: &Message,
    answer: &Message,
) -> ApiResult<bool> {
    if access.role >= Role::Editor || question.author.is_user(access.user_id) {
        return Ok(true);
    }
    let Some(id) = answer.generation_id else { return Ok(false) };
    let generation = state.stores.generations.get(id).await?;
    Ok(generation.is_some_and(|generation| generation.requested_by == access.user_id))
}

async fn find(state: &ApiState, conversation: &Conversation, id: MessageId) -> ApiResult<Message> {
    let message = state.stores.conversations.message(conversation.id, id).await?;
    message.filter(|message| message.deleted_at.is_none()).ok_or_else(ApiError::not_found)
}

fn distinct(ids: Vec<SourceId>) -> Vec<SourceId> {
    let mut seen = HashSet::new();
    ids.into_iter().filter(|id| seen.insert(*id)).collect()
}
