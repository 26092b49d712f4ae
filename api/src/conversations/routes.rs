//! `/api/conversations`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use collabry_shared::conversations::{Conversation, ConversationUpdate};
use collabry_shared::engine::ModelId;
use collabry_shared::ids::{ConversationId, NotebookId};
use collabry_shared::notebooks::Role;
use collabry_shared::pages::Place;
use collabry_shared::realtime::{Event, Room};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ask::parse_model;
use super::{ConversationAccess, TAG};
use crate::bounds;
use crate::http::json::there;
use crate::http::{ApiError, ApiResult, Body, Created, PageQuery, Problem, Query, Seen, created, page};
use crate::notebooks::{NotebookAccess, Viewer};
use crate::state::ApiState;
use crate::text::{Needle, clean_line};

const MAX_TITLE_CHARS: usize = 120;

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, update, remove))
}

#[derive(Debug, Serialize, ToSchema)]
struct ConversationList {
    conversations: Vec<Conversation>,
    /// `cursor` of the next page; null on the last page.
    next: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ConversationFilter {
    /// Only those whose title has this, in any case and with or without accents.
    #[param(max_length = 200, nullable = false)]
    q: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct NewConversation {
    /// Null: made from the first question.
    #[schema(min_length = 1, max_length = 120)]
    title: Option<String>,
    /// What answers when a message names no model; null: the server's default.
    #[schema(example = "builtin/extractive")]
    model: Option<String>,
}

/// What is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(clippy::option_option, reason = "null takes back what a field that is left out leaves as it is")]
struct ConversationChange {
    /// Null takes the title back: the next question gives the conversation another.
    #[serde(default, deserialize_with = "there")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 120)]
    title: Option<Option<String>>,
    /// What answers when a message names no model. Null goes back to the server's default.
    #[serde(default, deserialize_with = "there")]
    #[schema(value_type = Option<String>, example = "builtin/extractive")]
    model: Option<Option<String>>,
}

fn parse_title(title: Option<&str>) -> ApiResult<Option<String>> {
    let invalid = || ApiError::field("title_invalid", "title", "A title has 1 to 120 characters.");
    title.map(|title| clean_line(title, MAX_TITLE_CHARS).ok_or_else(invalid)).transpose()
}

/// The conversations of a notebook, last active first
#[utoipa::path(get, operation_id = "listConversations", path = "/api/notebooks/{notebookId}/conversations", tag = TAG, security(("bearer" = [])), params(("notebookId" = NotebookId, Path), PageQuery, ConversationFilter), responses(
    (status = 200, body = ConversationList), (status = 404, body = Problem, description = "`not_found`"),
    (status = 422, body = Problem, description = "`validation`, `cursor_invalid`"),
))]
async fn list(
    State(state): State<ApiState>,
    access: NotebookAccess<Viewer>,
    Query(query): Query<PageQuery>,
    Query(filter): Query<ConversationFilter>,
) -> ApiResult<Json<ConversationList>> {
    let wanted = Needle::new(filter.q.as_deref());
    let (stored, notebook) = (&state.stores.conversations, access.notebook_id);
    let read = async |window| stored.list_page(notebook, &window).await;
    let show =
        |(_, one): (Timestamp, Conversation)| wanted.is_in(one.title.as_deref().unwrap_or_default()).then_some(one);
    let place = |(active_at, one): &(Timestamp, Conversation)| Place::new(*active_at, &one.id);
    let (conversations, next) = page(&query, read, show, place).await?;
    Ok(Json(ConversationList { conversations, next }))
}

/// Start a conversation
#[utoipa::path(post, operation_id = "createConversation", path = "/api/notebooks/{notebookId}/conversations", tag = TAG, security(("bearer" = [])), params(("notebookId" = NotebookId, Path)),
    request_body = NewConversation, responses((status = 201, body = Conversation), (status = 409, body = Problem, description = "`too_many_conversations`"),
    (status = 422, body = Problem, description = "`title_invalid`, `model_invalid`")))]
async fn create(
    State(state): State<ApiState>,
    access: NotebookAccess<Viewer>,
    Body(request): Body<NewConversation>,
) -> ApiResult<Created<Conversation>> {
    let (title, model) = (parse_title(request.title.as_deref())?, parse_model(request.model.as_deref())?);
    let conversation = begin(&state, &access, title, model).await?;
    Ok(created(format!("/api/conversations/{}", conversation.id), conversation))
}

/// Starts a conversation, if its person may have another one, and tells the members.
pub(super) async fn begin(
    state: &ApiState,
    access: &NotebookAccess<Viewer>,
    title: Option<String>,
    model: Option<ModelId>,
) -> ApiResult<Conversation> {
    let theirs = state.stores.conversations.count_begun(access.notebook_id, access.user_id).await?;
    let theirs = usize::try_from(theirs).unwrap_or(usize::MAX);
    let most = state.config.bounds.conversations;
    bounds::check(theirs, most, "too_many_conversations", "conversations of yours in this notebook")?;
    let conversation = Conversation {
        id: ConversationId::new(),
        notebook_id: access.notebook_id,
        title,
        model,
        created_by: access.user_id,
        created_at: state.clock.now(),
        head: 0,
    };
    state.stores.conversations.create(&conversation).await?;
    announce(state, &conversation).await;
    Ok(conversation)
}

/// One conversation
#[utoipa::path(get, operation_id = "getConversation", path = "/api/conversations/{conversationId}", tag = TAG, security(("bearer" = [])), params(("conversationId" = ConversationId, Path)), responses(
    (status = 200, body = Conversation), (status = 404, body = Problem, description = "`not_found`"),
))]
async fn get(ConversationAccess { conversation, .. }: ConversationAccess) -> Json<Conversation> {
    Json(conversation)
}

/// Rename a conversation, or choose its model: one's own, or any as an editor
#[utoipa::path(patch, operation_id = "updateConversation", path = "/api/conversations/{conversationId}", tag = TAG, security(("bearer" = [])), params(("conversationId" = ConversationId, Path)),
    request_body = ConversationChange, responses((status = 200, body = Conversation), (status = 403, body = Problem, description = "`role_too_small`"),
    (status = 422, body = Problem, description = "`title_invalid`, `model_invalid`"),
    (status = 404, body = Problem, description = "`not_found`")))]
async fn update(
    State(state): State<ApiState>,
    access: ConversationAccess,
    Seen(seen): Seen<Conversation>,
    Body(request): Body<ConversationChange>,
) -> ApiResult<Json<Conversation>> {
    may_manage(&access)?;
    let title = request.title.map(|title| parse_title(title.as_deref())).transpose()?;
    let model = request.model.map(|model| parse_model(model.as_deref())).transpose()?;
    let change = ConversationUpdate { title, model };
    let updated = state.stores.conversations.update_seen(access.conversation.id, seen.as_ref(), &change).await?;
    let conversation = updated.ok_or_else(ApiError::not_found)?;
    announce(&state, &conversation).await;
    Ok(Json(conversation))
}

/// Delete a conversation: one's own, or any as an editor
#[utoipa::path(delete, operation_id = "deleteConversation", path = "/api/conversations/{conversationId}", tag = TAG, security(("bearer" = [])), params(("conversationId" = ConversationId, Path)), responses(
    (status = 204), (status = 403, body = Problem, description = "`role_too_small`"), (status = 404, body = Problem, description = "`not_found`"),
))]
async fn remove(
    State(state): State<ApiState>,
    access: ConversationAccess,
    Seen(seen): Seen<Conversation>,
) -> ApiResult<StatusCode> {
    may_manage(&access)?;
    let ConversationAccess { conversation, access } = access;
    if !state.stores.conversations.delete_seen(conversation.id, seen.as_ref()).await? {
        return Err(ApiError::not_found());
    }
    let event = Event::ConversationDeleted { notebook_id: access.notebook_id, conversation_id: conversation.id };
    state.fan_out.emit(Room::Notebook(access.notebook_id), event).await;
    Ok(StatusCode::NO_CONTENT)
}

fn may_manage(ConversationAccess { conversation, access }: &ConversationAccess) -> ApiResult<()> {
    if conversation.created_by == access.user_id || access.role >= Role::Editor {
        return Ok(());
    }
    Err(ApiError::role_too_small("editor"))
}

async fn announce(state: &ApiState, conversation: &Conversation) {
    let event = Event::ConversationUpdated { conversation: conversation.clone() };
    state.fan_out.emit(Room::Notebook(conversation.notebook_id), event).await;
}
