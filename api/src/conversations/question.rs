//! `/api/notebooks/{notebookId}/ask`: from a question to its answer in one call.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::header::{ACCEPT, LOCATION};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use collabry_shared::conversations::{Conversation, Message};
use collabry_shared::generations::{Generation, LoggedEvent};
use collabry_shared::ids::{ConversationId, GenerationId, MessageId, NotebookId, SourceId};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{ConversationAccess, MessageRequest, TAG, begin, send};
use crate::auth::{CurrentUser, Identity};
use crate::generations::{self, GenerationAccess};
use crate::http::idempotency::Again;
use crate::http::{ApiError, ApiResult, Body, Query, Shared, accepted};
use crate::notebooks::{NotebookAccess, Viewer};
use crate::state::ApiState;

const DEFAULT_WAIT: u32 = 50;
/// How often the generation is looked at for whoever waits for it.
const LOOKS_AGAIN: Duration = Duration::from_millis(200);

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(ask))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct QuestionRequest {
    /// Markdown.
    #[schema(min_length = 1, max_length = 16000)]
    question: String,
    /// Where to ask; null: a new conversation.
    conversation_id: Option<ConversationId>,
    /// What answers; null: the conversation's model, then the server's.
    #[schema(example = "builtin/extractive")]
    model: Option<String>,
    /// The sources to search; null: all of the notebook.
    source_ids: Option<Vec<SourceId>>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wait {
    /// Seconds to wait for the answer at most.
    #[param(minimum = 0, maximum = 60, default = 50, nullable = false)]
    wait: Option<u32>,
}

/// How the answer is to be told.
struct Wanted {
    /// The question was asked before with the same key.
    again: Option<Again>,
    /// As events.
    events: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Wanted {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let kinds = parts.headers.get(ACCEPT).and_then(|kinds| kinds.to_str().ok()).unwrap_or_default();
        let events = kinds.to_ascii_lowercase().starts_with("text/event-stream");
        Ok(Self { again: parts.extensions.get::<Again>().cloned(), events })
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Answered {
    conversation_id: ConversationId,
    #[schema(value_type = Message)]
    question: Shared<Message>,
    /// The answer with its citations; null while it is written, and when it failed before there was any text.
    answer: Option<Message>,
    generation: Generation,
}

/// Ask a question and wait for its answer
///
/// The answer is a stored message that cites its sources, and question and answer are a conversation like any other. What
/// takes longer than `wait` is answered 202: follow `Location`. With `Accept: text/event-stream` the events of the answer
/// come as they happen, as from `streamGeneration`, whose address `Location` is.
#[utoipa::path(post, operation_id = "askNotebook", path = "/api/notebooks/{notebookId}/ask", tag = TAG, params(("notebookId" = NotebookId, Path), Wait),
    request_body = QuestionRequest, responses(
    (status = 200, description = "The answer, or how it failed", content((Answered = "application/json"), (LoggedEvent = "text/event-stream"))),
    (status = 202, body = Answered, description = "It is not there yet"),
    (status = 409, description = "`too_many_conversations`"),
    (status = 422, description = "`message_empty`, `message_too_long`, `model_invalid`"),
    (status = 429, description = "`rate_limited`, `answers_unfinished`, `answers_spent`, `answers_spent_by_all`"),
    (status = 507, description = "`storage_full`"),
))]
async fn ask(
    State(state): State<ApiState>,
    access: NotebookAccess<Viewer>,
    identity: Identity,
    user: CurrentUser,
    Query(Wait { wait }): Query<Wait>,
    wanted: Wanted,
    Body(request): Body<QuestionRequest>,
) -> ApiResult<Response> {
    if let Some(Again { location }) = &wanted.again {
        let id = generation_at(location).ok_or_else(|| ApiError::internal("a stream without a generation"))?;
        GenerationAccess::prove(&state, identity.user_id, id).await?;
        return streamed(&state, identity, id).await;
    }
    let conversation = match request.conversation_id {
        Some(id) => find(&state, &access, id).await?,
        None => begin(&state, &access, None, None).await?,
    };
    let access = ConversationAccess { conversation, access };
    let message = MessageRequest {
        client_id: MessageId::new().to_string(),
        content: request.question,
        model: request.model,
        source_ids: request.source_ids,
        ask: true,
    };
    let question = send(&state, &access, &user, message).await?.into_message();
    let id = question.generation_id.ok_or_else(|| ApiError::internal("a question without a generation"))?;
    if wanted.events {
        return streamed(&state, identity, id).await;
    }
    let patience = Duration::from_secs(wait.unwrap_or(DEFAULT_WAIT).into());
    let generation = finished(&state, id, patience).await?;
    let conversation_id = access.conversation.id;
    let answer = state.stores.conversations.message(conversation_id, generation.answer_id).await?;
    let over = generation.state.is_final();
    let answered = Answered { conversation_id, question: Shared(question), answer, generation };
    Ok(if over { Json(answered).into_response() } else { accepted(address(id), answered).into_response() })
}

/// A conversation of this notebook.
async fn find(state: &ApiState, access: &NotebookAccess<Viewer>, id: ConversationId) -> ApiResult<Conversation> {
    let conversation = state.stores.conversations.get(id).await?;
    conversation.filter(|one| one.notebook_id == access.notebook_id).ok_or_else(ApiError::not_found)
}

fn address(id: GenerationId) -> String {
    format!("/api/ai/generations/{id}")
}

/// The generation whose events are at this address.
fn generation_at(location: &str) -> Option<GenerationId> {
    location.strip_suffix("/events")?.rsplit('/').next()?.parse().ok()
}

async fn streamed(state: &ApiState, identity: Identity, id: GenerationId) -> ApiResult<Response> {
    let generation = state.stores.generations.get(id).await?.ok_or_else(ApiError::not_found)?;
    let stream = generations::stream(state, identity, &generation, 0).await?;
    Ok(([(LOCATION, format!("{}/events", address(id)))], stream).into_response())
}

/// The generation once it is over, or when patience or this process ends.
async fn finished(state: &ApiState, id: GenerationId, patience: Duration) -> ApiResult<Generation> {
    let end = Instant::now() + patience;
    loop {
        // Deleted with its conversation.
        let generation = state.stores.generations.get(id).await?.ok_or_else(ApiError::not_found)?;
        if generation.state.is_final() || Instant::now() >= end || state.draining.is_cancelled() {
            return Ok(generation);
        }
        tokio::select! {
            () = state.draining.cancelled() => {}
            () = tokio::time::sleep_until(end.min(Instant::now() + LOOKS_AGAIN)) => {}
        }
    }
}
