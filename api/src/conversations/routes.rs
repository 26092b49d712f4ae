//! `/api/conversations`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use collabry_shared::conversations::{Conversation, ConversationUpdate, Title};
use collabry_shared::ids::{ConversationId, NotebookId, UserId};
use collabry_shared::locks::{Lock, LockGuard};
use collabry_shared::models::ModelId;
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
use crate::auth::Identity;
use crate::bounds;
use crate::http::json::there;
use crate::http::{ApiError, ApiResult, Body, Code, Created, List, PageQuery, Params, Query, Seen, created, page};
use crate::notebooks::{NotebookAccess, Viewer};
use crate::state::ApiState;
use crate::text::Needle;

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, update, remove)).routes(routes!(restore))
}

/// A conversation, as one member sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ReadConversation {
    #[serde(flatten)]
    conversation: Conversation,
    /// How far one has read it oneself; null: not at all.
    read_rev: Option<u64>,
    /// Null but in the list of what was deleted.
    #[serde(serialize_with = "collabry_shared::clock::wire::optional")]
    deleted_at: Option<Timestamp>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ConversationList {
    conversations: Vec<ReadConversation>,
    /// `cursor` of the next page; null on the last page.
    next: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ConversationFilter {
    /// Only those whose title has this, in any case and with or without accents.
    #[param(max_length = 200, nullable = false)]
    q: Option<String>,
    /// In their place those that were deleted and can still be brought back, last deleted first.
    #[serde(default)]
    #[param(default = false, nullable = false)]
    deleted: bool,
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

fn parse_title(title: Option<&str>) -> ApiResult<Option<Title>> {
    let invalid = || ApiError::from(Code::TitleInvalid).of_field("title");
    title.map(|title| Title::parse(title).ok_or_else(invalid)).transpose()
}

/// The conversations of a notebook, those with the newest message first
#[utoipa::path(get, operation_id = "listConversations", path = "/api/notebooks/{notebookId}/conversations", tag = TAG, params(("notebookId" = NotebookId, Path), PageQuery, ConversationFilter), responses(
    (status = 200, body = ConversationList),
    (status = 422, description = "`validation`, `cursor_invalid`"),
))]
async fn list(
    State(state): State<ApiState>,
    access: NotebookAccess<Viewer>,
    Query(query): Query<PageQuery>,
    Query(filter): Query<ConversationFilter>,
) -> ApiResult<Json<ConversationList>> {
    let wanted = Needle::new(filter.q.as_deref());
    let (stored, notebook) = (&state.stores.conversations, access.notebook_id);
    let read = async |window| {
        if filter.deleted {
            let deleted = stored.deleted_in(notebook, &window).await?;
            return Ok(deleted.into_iter().map(|(one, at)| (one, Some(at))).collect());
        }
        Ok(stored.list_page(notebook, &window).await?.into_iter().map(|one| (one, None)).collect())
    };
    let show = |(one, deleted_at): (Conversation, Option<Timestamp>)| {
        let fits = wanted.is_in(one.title.as_deref().unwrap_or_default());
        fits.then_some(ReadConversation { conversation: one, read_rev: None, deleted_at })
    };
    let place = |(one, deleted_at): &(Conversation, Option<Timestamp>)| {
        Place::new(deleted_at.unwrap_or(one.last_message_at), &one.id)
    };
    let list = List::new("conversations", notebook, &(&filter.q, filter.deleted));
    let (mut conversations, next) = page(&query, list, read, show, place).await?;
    let ids: Vec<_> = conversations.iter().map(|one| one.conversation.id).collect();
    let read = stored.read_revs(access.user_id, &ids).await?;
    for one in &mut conversations {
        one.read_rev = read.get(&one.conversation.id).copied();
    }
    Ok(Json(ConversationList { conversations, next }))
}

/// Start a conversation
#[utoipa::path(post, operation_id = "createConversation", path = "/api/notebooks/{notebookId}/conversations", tag = TAG, params(("notebookId" = NotebookId, Path)),
    request_body = NewConversation, responses((status = 201, body = ReadConversation), (status = 409, description = "`too_many_conversations`"),
    (status = 422, description = "`title_invalid`, `model_invalid`")))]
async fn create(
    State(state): State<ApiState>,
    access: NotebookAccess<Viewer>,
    Body(request): Body<NewConversation>,
) -> ApiResult<Created<ReadConversation>> {
    let (title, model) = (parse_title(request.title.as_deref())?, parse_model(request.model.as_deref())?);
    let conversation = begin(&state, &access, title, model).await?;
    let conversation = read_by(&state, access.user_id, conversation).await?;
    Ok(created(format!("/api/conversations/{}", conversation.conversation.id), conversation))
}

/// Starts a conversation, if its person may have another one, and tells the members.
pub(super) async fn begin(
    state: &ApiState,
    access: &NotebookAccess<Viewer>,
    title: Option<Title>,
    model: Option<ModelId>,
) -> ApiResult<Conversation> {
    let alone = may_have_another(state, access.notebook_id, access.user_id).await?;
    let now = state.clock.now();
    let conversation = Conversation {
        id: ConversationId::new(),
        notebook_id: access.notebook_id,
        title,
        model,
        created_by: access.user_id,
        created_at: now,
        last_message_at: now,
        head: 0,
    };
    state.stores.conversations.create(&conversation).await?;
    drop(alone);
    announce(state, &conversation).await;
    Ok(conversation)
}

/// To be held until it is there.
async fn may_have_another(state: &ApiState, notebook: NotebookId, user: UserId) -> ApiResult<LockGuard> {
    let alone = bounds::alone(state, Lock::Conversations(notebook, user)).await?;
    let theirs = state.stores.conversations.count_begun(notebook, user).await?;
    let theirs = usize::try_from(theirs).unwrap_or(usize::MAX);
    let most = state.config.bounds.conversations;
    bounds::check(theirs, most, Code::TooManyConversations, "conversations of yours in this notebook")?;
    Ok(alone)
}

/// One conversation
#[utoipa::path(get, operation_id = "getConversation", path = "/api/conversations/{conversationId}", tag = TAG, params(("conversationId" = ConversationId, Path)), responses(
    (status = 200, body = ReadConversation),
))]
async fn get(
    State(state): State<ApiState>,
    ConversationAccess { conversation, access }: ConversationAccess,
) -> ApiResult<Json<ReadConversation>> {
    Ok(Json(read_by(&state, access.user_id, conversation).await?))
}

async fn read_by(state: &ApiState, user: UserId, conversation: Conversation) -> ApiResult<ReadConversation> {
    let read = state.stores.conversations.read_revs(user, &[conversation.id]).await?;
    Ok(ReadConversation { read_rev: read.get(&conversation.id).copied(), conversation, deleted_at: None })
}

/// Rename a conversation, or choose its model: one's own, or any as an editor
#[utoipa::path(patch, operation_id = "updateConversation", path = "/api/conversations/{conversationId}", tag = TAG, params(("conversationId" = ConversationId, Path)),
    request_body = ConversationChange, responses((status = 200, body = ReadConversation), (status = 403, description = "`role_too_small`"),
    (status = 422, description = "`title_invalid`, `model_invalid`"),
    ))]
async fn update(
    State(state): State<ApiState>,
    access: ConversationAccess,
    Seen(seen): Seen<Conversation>,
    Body(request): Body<ConversationChange>,
) -> ApiResult<Json<ReadConversation>> {
    may_manage(&access)?;
    let title = request.title.map(|title| parse_title(title.as_deref())).transpose()?;
    let model = request.model.map(|model| parse_model(model.as_deref())).transpose()?;
    let change = ConversationUpdate { title, model };
    let updated = state.stores.conversations.update(access.conversation.id, seen.as_ref(), &change).await?;
    let conversation = updated.ok_or_else(ApiError::not_found)?;
    announce(&state, &conversation).await;
    Ok(Json(read_by(&state, access.access.user_id, conversation).await?))
}

/// Delete a conversation: one's own, or any as an editor
///
/// It can be brought back until it is purged, some days later.
#[utoipa::path(delete, operation_id = "deleteConversation", path = "/api/conversations/{conversationId}", tag = TAG, params(("conversationId" = ConversationId, Path)), responses(
    (status = 204), (status = 403, description = "`role_too_small`"),
))]
async fn remove(
    State(state): State<ApiState>,
    access: ConversationAccess,
    Seen(seen): Seen<Conversation>,
) -> ApiResult<StatusCode> {
    may_manage(&access)?;
    let ConversationAccess { conversation, access } = access;
    let now = state.clock.now();
    if !state.stores.conversations.mark_deleted(conversation.id, seen.as_ref(), now).await? {
        return Err(ApiError::not_found());
    }
    let event = Event::ConversationDeleted { notebook_id: access.notebook_id, conversation_id: conversation.id };
    state.coordination.fan_out.emit(Room::Notebook(access.notebook_id), event).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Bring a deleted conversation back: one's own, or any as an editor
#[utoipa::path(post, operation_id = "restoreConversation", path = "/api/conversations/{conversationId}/restore", tag = TAG, params(("conversationId" = ConversationId, Path)), responses(
    (status = 200, body = Conversation), (status = 403, description = "`role_too_small`"),
    (status = 404, description = "`not_found`: it is not deleted, or was purged"),
    (status = 409, description = "`too_many_conversations`"),
))]
async fn restore(
    State(state): State<ApiState>,
    identity: Identity,
    Params(id): Params<ConversationId>,
) -> ApiResult<Json<Conversation>> {
    let deleted = state.stores.conversations.deleted_one(id).await?.ok_or_else(ApiError::not_found)?;
    let access = NotebookAccess::prove(&state, identity.user_id, deleted.notebook_id).await?;
    let access = ConversationAccess { conversation: deleted, access };
    may_manage(&access)?;
    let alone = may_have_another(&state, access.conversation.notebook_id, access.conversation.created_by).await?;
    let conversation = state.stores.conversations.restore(id).await?.ok_or_else(ApiError::not_found)?;
    drop(alone);
    announce(&state, &conversation).await;
    Ok(Json(conversation))
}

fn may_manage(ConversationAccess { conversation, access }: &ConversationAccess) -> ApiResult<()> {
    if conversation.created_by == access.user_id || access.role >= Role::Editor {
        return Ok(());
    }
    Err(ApiError::role_too_small("editor"))
}

async fn announce(state: &ApiState, conversation: &Conversation) {
    let event = Event::ConversationUpdated { conversation: conversation.clone() };
    state.coordination.fan_out.emit(Room::Notebook(conversation.notebook_id), event).await;
}
