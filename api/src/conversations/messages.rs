//! `/api/conversations/{conversationId}/messages`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use collabry_shared::conversations::{Appended, Message, Page};
use collabry_shared::generations::Generation;
use collabry_shared::ids::{ConversationId, MessageId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::change::MessageState;
use super::{AnswerRequest, ConversationAccess, MessageRequest, TAG, change, regenerate, send};
use crate::auth::CurrentUser;
use crate::http::{ApiError, ApiResult, Body, Code, Created, Params, Query, Seen, Shared, accepted, created};
use crate::state::ApiState;

const DEFAULT_PAGE: u32 = 50;

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list, post)).routes(routes!(get, edit, delete)).routes(routes!(ask_again))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct Window {
    /// Messages before this position, newest page first.
    #[param(minimum = 0, maximum = 9_007_199_254_740_991.0, nullable = false)]
    before: Option<u64>,
    /// In place of `before`: what changed after this rev. When the page is not `complete`, ask again with the last `rev` of it.
    #[param(minimum = 0, maximum = 9_007_199_254_740_991.0, nullable = false)]
    since_rev: Option<u64>,
    /// How many messages at most. A page of long messages ends sooner, after about 1 MiB.
    #[param(minimum = 1, maximum = 200, default = 50, nullable = false)]
    limit: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MessagePage {
    /// Oldest first; with `sinceRev` by rev.
    messages: Vec<Message>,
    /// `before` of the next page; null on the last page.
    next_before: Option<u64>,
    /// Whether these are all; if not, ask again behind them.
    complete: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
struct MessageEdit {
    /// Markdown.
    #[schema(min_length = 1, max_length = 16000)]
    content: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessagePath {
    message_id: MessageId,
}

/// A page of history, or what changed since a rev
#[utoipa::path(get, operation_id = "listMessages", path = "/api/conversations/{conversationId}/messages", tag = TAG, params(("conversationId" = ConversationId, Path), Window), responses(
    (status = 200, body = MessagePage),
))]
async fn list(
    State(state): State<ApiState>,
    ConversationAccess { conversation, .. }: ConversationAccess,
    Query(window): Query<Window>,
) -> ApiResult<Json<MessagePage>> {
    let limit = window.limit.unwrap_or(DEFAULT_PAGE);
    let conversations = &state.stores.conversations;
    if window.before.is_some() && window.since_rev.is_some() {
        return Err(ApiError::field(
            Code::Validation,
            "sinceRev",
            "`sinceRev` stands in place of `before`: send one of them.",
        ));
    }
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
#[utoipa::path(post, operation_id = "sendMessage", path = "/api/conversations/{conversationId}/messages", tag = TAG, params(("conversationId" = ConversationId, Path)),
    request_body = MessageRequest, responses(
    (status = 201, body = Message), (status = 200, body = Message, description = "The clientId was stored before"),
    (status = 422, description = "`message_empty`, `message_too_long`, `client_id_invalid`, `model_invalid`"),
    (status = 409, description = "`client_id_taken`"),
    (status = 429, description = "`rate_limited`, `answers_unfinished`, `answers_spent`, `answers_spent_by_all`"),
    (status = 507, description = "`storage_full`"),
))]
async fn post(
    State(state): State<ApiState>,
    access: ConversationAccess,
    user: CurrentUser,
    Body(request): Body<MessageRequest>,
) -> ApiResult<Created<Shared<Message>>> {
    let path = |message: &Message| format!("/api/conversations/{}/messages/{}", message.conversation_id, message.id);
    Ok(match send(&state, &access, &user, request).await? {
        Appended::Created(message) => created(path(&message), Shared(message)),
        Appended::Existing(message) => (StatusCode::OK, [(LOCATION, path(&message))], Json(Shared(message))),
    })
}

/// One message
#[utoipa::path(get, operation_id = "getMessage", path = "/api/conversations/{conversationId}/messages/{messageId}", tag = TAG,
    params(("conversationId" = ConversationId, Path), ("messageId" = MessageId, Path)), responses(
    (status = 200, body = Message),
))]
async fn get(
    State(state): State<ApiState>,
    ConversationAccess { conversation, .. }: ConversationAccess,
    Params(path): Params<MessagePath>,
) -> ApiResult<Json<Message>> {
    let message = state.stores.conversations.message(conversation.id, path.message_id).await?;
    message.map(Json).ok_or_else(ApiError::not_found)
}

/// Edit one's own message
#[utoipa::path(patch, operation_id = "editMessage", path = "/api/conversations/{conversationId}/messages/{messageId}", tag = TAG,
    params(("conversationId" = ConversationId, Path), ("messageId" = MessageId, Path)), request_body = MessageEdit, responses(
    (status = 200, body = Message), (status = 403, description = "`message_not_yours`"),
    (status = 422, description = "`message_empty`, `message_too_long`"),
    (status = 507, description = "`storage_full`"),
))]
async fn edit(
    State(state): State<ApiState>,
    access: ConversationAccess,
    Params(path): Params<MessagePath>,
    Seen(seen): Seen<MessageState>,
    Body(request): Body<MessageEdit>,
) -> ApiResult<Json<Shared<Message>>> {
    change::edit(&state, &access, path.message_id, seen, &request.content).await.map(Shared).map(Json)
}

/// Delete one's own message, or any as an editor; an empty tombstone stays
#[utoipa::path(delete, operation_id = "deleteMessage", path = "/api/conversations/{conversationId}/messages/{messageId}", tag = TAG,
    params(("conversationId" = ConversationId, Path), ("messageId" = MessageId, Path)), responses(
    (status = 200, body = Message), (status = 403, description = "`message_not_yours`"),
))]
async fn delete(
    State(state): State<ApiState>,
    access: ConversationAccess,
    Params(path): Params<MessagePath>,
    Seen(seen): Seen<MessageState>,
) -> ApiResult<Json<Shared<Message>>> {
    change::delete(&state, &access, path.message_id, seen).await.map(Shared).map(Json)
}

/// Answer a question again
///
/// Once it is complete, the new answer replaces the old one if the question is the caller's, the old answer was asked for
/// by the caller, or the caller is an editor. Otherwise it stands beside the old one. `supersedes` says which. While an
/// answer to the question is being written, no other can be asked for.
#[utoipa::path(post, operation_id = "regenerateAnswer", path = "/api/conversations/{conversationId}/messages/{messageId}/regenerate", tag = TAG,
    params(("conversationId" = ConversationId, Path), ("messageId" = MessageId, Path, description = "The question, or one of its answers")),
    request_body = AnswerRequest, responses(
    (status = 202, body = Generation),
    (status = 409, description = "`answer_in_progress`"),
    (status = 422, description = "`model_invalid`"),
    (status = 429, description = "`rate_limited`, `answers_unfinished`, `answers_spent`, `answers_spent_by_all`"),
))]
async fn ask_again(
    State(state): State<ApiState>,
    access: ConversationAccess,
    Params(path): Params<MessagePath>,
    Body(request): Body<AnswerRequest>,
) -> ApiResult<Created<Generation>> {
    let generation = regenerate(&state, &access, path.message_id, request).await?;
    Ok(accepted(format!("/api/ai/generations/{}", generation.id), generation))
}
