//! `/api/conversations/{conversationId}/messages`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use collabry_shared::conversations::{Appended, Message, Page};
use collabry_shared::generations::Generation;
use collabry_shared::ids::{ConversationId, MessageId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{ConversationAccess, Regeneration, Sending, TAG, change, regenerate, send};
use crate::auth::CurrentUser;
use crate::http::{ApiResult, Body, Params, Problem, Query};
use crate::state::ApiState;

const DEFAULT_PAGE: u32 = 50;
const MAX_PAGE: u32 = 200;

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list, post)).routes(routes!(edit, delete)).routes(routes!(ask_again))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct Window {
    /// Messages before this position, newest page first.
    before: Option<u64>,
    /// In place of `before`: what changed after this rev.
    since_rev: Option<u64>,
    /// 1 to 200; default 50. A page of long messages ends sooner, after about 1 MiB.
    limit: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MessagePage {
    /// Oldest first; with `sinceRev` by rev.
    messages: Vec<Message>,
    /// `before` of the next page; null when there is none.
    next_before: Option<u64>,
    /// Whether these are all; if not, ask again behind them.
    complete: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
struct Edit {
    /// 1 to 16,000 characters of Markdown.
    content: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessagePath {
    message_id: MessageId,
}

/// A page of history, or what changed since a rev
#[utoipa::path(get, operation_id = "listMessages", path = "/api/conversations/{conversationId}/messages", tag = TAG, security(("bearer" = [])), params(("conversationId" = ConversationId, Path), Window), responses(
    (status = 200, body = MessagePage), (status = 404, body = Problem, description = "`not_found`"),
))]
async fn list(
    State(state): State<ApiState>,
    ConversationAccess { conversation, .. }: ConversationAccess,
    Query(window): Query<Window>,
) -> ApiResult<Json<MessagePage>> {
    let limit = window.limit.unwrap_or(DEFAULT_PAGE).clamp(1, MAX_PAGE);
    let conversations = &state.stores.conversations;
    if let Some(rev) = window.since_rev {
        let Page { messages, complete } = conversations.changes_since(conversation.id, rev, limit).await?;
        return Ok(Json(MessagePage { messages, next_before: None, complete }));
    }
    let Page { mut messages, complete } = conversations.history(conversation.id, window.before, limit).await?;
    messages.reverse();
    let next_before = messages.first().map(|oldest| oldest.position).filter(|_| !complete);
    Ok(Json(MessagePage { messages, next_before, complete }))
}

/// Send a message; unless `ask` is false, an answer follows
#[utoipa::path(post, operation_id = "sendMessage", path = "/api/conversations/{conversationId}/messages", tag = TAG, security(("bearer" = [])), params(("conversationId" = ConversationId, Path)),
    request_body = Sending, responses(
    (status = 201, body = Message), (status = 200, body = Message, description = "The clientId was stored before"),
    (status = 422, body = Problem, description = "`message_empty`, `message_too_long`, `client_id_invalid`, `model_invalid`"),
    (status = 404, body = Problem, description = "`not_found`"), (status = 409, body = Problem, description = "`client_id_taken`"),
    (status = 429, body = Problem, description = "`rate_limited`, `answers_unfinished`, `answers_spent`, `answers_spent_by_all`"),
))]
async fn post(
    State(state): State<ApiState>,
    access: ConversationAccess,
    user: CurrentUser,
    Body(request): Body<Sending>,
) -> ApiResult<(StatusCode, Json<Message>)> {
    Ok(match send(&state, &access, &user, request).await? {
        Appended::Created(message) => (StatusCode::CREATED, Json(message)),
        Appended::Existing(message) => (StatusCode::OK, Json(message)),
    })
}

/// Edit one's own message
#[utoipa::path(patch, operation_id = "editMessage", path = "/api/conversations/{conversationId}/messages/{messageId}", tag = TAG, security(("bearer" = [])),
    params(("conversationId" = ConversationId, Path), ("messageId" = MessageId, Path)), request_body = Edit, responses(
    (status = 200, body = Message), (status = 403, body = Problem, description = "`message_not_yours`"), (status = 404, body = Problem, description = "`not_found`"),
))]
async fn edit(
    State(state): State<ApiState>,
    access: ConversationAccess,
    Params(path): Params<MessagePath>,
    Body(request): Body<Edit>,
) -> ApiResult<Json<Message>> {
    change::edit(&state, &access, path.message_id, &request.content).await.map(Json)
}

/// Delete one's own message, or any as an editor; an empty tombstone stays
#[utoipa::path(delete, operation_id = "deleteMessage", path = "/api/conversations/{conversationId}/messages/{messageId}", tag = TAG, security(("bearer" = [])),
    params(("conversationId" = ConversationId, Path), ("messageId" = MessageId, Path)), responses(
    (status = 200, body = Message), (status = 403, body = Problem, description = "`message_not_yours`"), (status = 404, body = Problem, description = "`not_found`"),
))]
async fn delete(
    State(state): State<ApiState>,
    access: ConversationAccess,
    Params(path): Params<MessagePath>,
) -> ApiResult<Json<Message>> {
    change::delete(&state, &access, path.message_id).await.map(Json)
}

/// Answer a question again
///
/// Once it is complete, the new answer replaces the old one if the question is the caller's, the old answer was asked for
/// by the caller, or the caller is an editor. Otherwise it stands beside the old one. `supersedes` says which.
#[utoipa::path(post, operation_id = "regenerateAnswer", path = "/api/conversations/{conversationId}/messages/{messageId}/regenerate", tag = TAG, security(("bearer" = [])),
    params(("conversationId" = ConversationId, Path), ("messageId" = MessageId, Path, description = "The question, or one of its answers")),
    request_body = Regeneration, responses(
    (status = 202, body = Generation), (status = 404, body = Problem, description = "`not_found`"),
    (status = 422, body = Problem, description = "`model_invalid`"),
    (status = 429, body = Problem, description = "`rate_limited`, `answers_unfinished`, `answers_spent`, `answers_spent_by_all`"),
))]
async fn ask_again(
    State(state): State<ApiState>,
    access: ConversationAccess,
    Params(path): Params<MessagePath>,
    Body(request): Body<Regeneration>,
) -> ApiResult<(StatusCode, Json<Generation>)> {
    let generation = regenerate(&state, &access, path.message_id, request).await?;
    Ok((StatusCode::ACCEPTED, Json(generation)))
}
