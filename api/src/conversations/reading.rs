//! `/api/conversations/{conversationId}/read-mark`: marks a conversation as read up to a rev.

use axum::extract::State;
use axum::http::StatusCode;
use collabry_shared::conversations::ReadMark;
use collabry_shared::ids::ConversationId;
use collabry_shared::realtime::{Event, Room};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{ConversationAccess, TAG};
use crate::http::{ApiResult, Body};
use crate::state::ApiState;

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(mark))
}

#[derive(Debug, Deserialize, ToSchema)]
struct ReadUpTo {
    /// Everything up to this rev was read; a higher one than `head` is `head`.
    rev: u64,
}

/// Say how far you have read
///
/// A mark never goes back: what was read stays read.
#[utoipa::path(put, operation_id = "markConversationRead", path = "/api/conversations/{conversationId}/read-mark", tag = TAG, params(("conversationId" = ConversationId, Path)),
    request_body = ReadUpTo, responses((status = 204), ))]
async fn mark(
    State(state): State<ApiState>,
    access: ConversationAccess,
    Body(ReadUpTo { rev }): Body<ReadUpTo>,
) -> ApiResult<StatusCode> {
    mark_read(&state, &access, rev).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Raises the caller's mark, and tells those who have the conversation open and the caller's other devices.
pub async fn mark_read(state: &ApiState, access: &ConversationAccess, rev: u64) -> ApiResult<()> {
    let ConversationAccess { conversation, access } = access;
    let (conversation_id, user_id, rev) = (conversation.id, access.user_id, rev.min(conversation.head));
    if state.stores.conversations.mark_read(conversation_id, user_id, rev).await? {
        let event = Event::MessagesRead { conversation_id, mark: ReadMark { user_id, rev } };
        state.coordination.fan_out.emit(Room::Conversation(conversation_id), event).await;
        let event = Event::ConversationRead { notebook_id: conversation.notebook_id, conversation_id, rev };
        state.coordination.fan_out.emit(Room::User(user_id), event).await;
    }
    Ok(())
}
