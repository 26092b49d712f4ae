//! `/api/conversations`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use collabry_shared::conversations::Conversation;
use collabry_shared::ids::{ConversationId, NotebookId};
use collabry_shared::notebooks::Role;
use collabry_shared::realtime::{Event, Room};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ask::parse_model;
use super::{ConversationAccess, TAG};
use crate::bounds;
use crate::http::{ApiError, ApiResult, Body, Problem};
use crate::notebooks::{NotebookAccess, Viewer};
use crate::state::ApiState;
use crate::text::clean_line;

const MAX_TITLE_CHARS: usize = 120;

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, update, remove))
}

#[derive(Debug, Serialize, ToSchema)]
struct ConversationList {
    conversations: Vec<Conversation>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct Settings {
    /// 1 to 120 characters; default: made from the first question.
    title: Option<String>,
    /// What answers when a message names no model.
    #[schema(example = "builtin/extractive")]
    model: Option<String>,
}

impl Settings {
    fn title(&self) -> ApiResult<Option<String>> {
        let invalid = || ApiError::invalid("title_invalid", "A title has 1 to 120 characters.");
        self.title.as_deref().map(|title| clean_line(title, MAX_TITLE_CHARS).ok_or_else(invalid)).transpose()
    }
}

/// The conversations of a notebook, last active first
#[utoipa::path(get, operation_id = "listConversations", path = "/api/notebooks/{notebookId}/conversations", tag = TAG, security(("bearer" = [])), params(("notebookId" = NotebookId, Path)), responses(
    (status = 200, body = ConversationList), (status = 404, body = Problem, description = "`not_found`"),
))]
async fn list(State(state): State<ApiState>, access: NotebookAccess<Viewer>) -> ApiResult<Json<ConversationList>> {
    Ok(Json(ConversationList { conversations: state.stores.conversations.list(access.notebook_id).await? }))
}

/// Start a conversation
#[utoipa::path(post, operation_id = "createConversation", path = "/api/notebooks/{notebookId}/conversations", tag = TAG, security(("bearer" = [])), params(("notebookId" = NotebookId, Path)),
    request_body = Settings, responses((status = 201, body = Conversation), (status = 409, body = Problem, description = "`too_many_conversations`"),
    (status = 422, body = Problem, description = "`title_invalid`, `model_invalid`")))]
async fn create(
    State(state): State<ApiState>,
    access: NotebookAccess<Viewer>,
    Body(request): Body<Settings>,
) -> ApiResult<(StatusCode, Json<Conversation>)> {
    let (title, model) = (request.title()?, parse_model(request.model.as_deref())?);
    let begun = state.stores.conversations.list(access.notebook_id).await?;
    let theirs = begun.iter().filter(|conversation| conversation.created_by == access.user_id).count();
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
    announce(&state, &conversation).await;
    Ok((StatusCode::CREATED, Json(conversation)))
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
    request_body = Settings, responses((status = 200, body = Conversation), (status = 403, body = Problem, description = "`role_too_small`"),
    (status = 404, body = Problem, description = "`not_found`")))]
async fn update(
    State(state): State<ApiState>,
    access: ConversationAccess,
    Body(request): Body<Settings>,
) -> ApiResult<Json<Conversation>> {
    may_manage(&access)?;
    let (title, model) = (request.title()?, parse_model(request.model.as_deref())?);
    let conversations = &state.stores.conversations;
    let updated = conversations.update(access.conversation.id, title.as_deref(), model.as_ref()).await?;
    let conversation = updated.ok_or_else(ApiError::not_found)?;
    announce(&state, &conversation).await;
    Ok(Json(conversation))
}

/// Delete a conversation: one's own, or any as an editor
#[utoipa::path(delete, operation_id = "deleteConversation", path = "/api/conversations/{conversationId}", tag = TAG, security(("bearer" = [])), params(("conversationId" = ConversationId, Path)), responses(
    (status = 204), (status = 403, body = Problem, description = "`role_too_small`"), (status = 404, body = Problem, description = "`not_found`"),
))]
async fn remove(State(state): State<ApiState>, access: ConversationAccess) -> ApiResult<StatusCode> {
    may_manage(&access)?;
    let ConversationAccess { conversation, access } = access;
    if !state.stores.conversations.delete(conversation.id).await? {
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
