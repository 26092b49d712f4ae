//! Editing and deleting messages.

use std::sync::Arc;

use collabry_shared::conversations::{Content, Message, Rewrite};
use collabry_shared::ids::MessageId;
use collabry_shared::notebooks::Role;
use collabry_shared::stores::Writes;
use serde::Deserialize;

use super::ConversationAccess;
use crate::http::{ApiError, ApiResult, Code};
use crate::sources;
use crate::state::ApiState;

/// What of a message changes, as a member was shown it.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct MessageState {
    rev: u64,
}

/// Replaces the text of one's own message, if it is as it was seen.
pub async fn edit(
    state: &ApiState,
    access: &ConversationAccess,
    id: MessageId,
    seen: Option<MessageState>,
    content: &str,
) -> ApiResult<Arc<Message>> {
    sources::room::on_disk(state, Writes::Documents)?;
    let message = find(state, access, id).await?;
    if !message.author.is_user(access.access.user_id) {
        return Err(not_yours("edit"));
    }
    let rewrite = Rewrite::Edit { content: Content::parse(content)? };
    let message = apply(state, access, id, seen, &rewrite).await?;
    state.coordination.fan_out.changed(Arc::clone(&message)).await;
    Ok(message)
}

/// Empties one's own message, if it is as it was seen; editors may empty any.
pub async fn delete(
    state: &ApiState,
    access: &ConversationAccess,
    id: MessageId,
    seen: Option<MessageState>,
) -> ApiResult<Arc<Message>> {
    let message = find(state, access, id).await?;
    if !message.author.is_user(access.access.user_id) && access.access.role < Role::Editor {
        return Err(not_yours("delete"));
    }
    let message = apply(state, access, id, seen, &Rewrite::Delete).await?;
    state.coordination.fan_out.changed(Arc::clone(&message)).await;
    Ok(message)
}

async fn find(state: &ApiState, access: &ConversationAccess, id: MessageId) -> ApiResult<Message> {
    let message = state.stores.conversations.message(access.conversation.id, id).await?;
    message.filter(|message| message.deleted_at.is_none()).ok_or_else(ApiError::not_found)
}

async fn apply(
    state: &ApiState,
    access: &ConversationAccess,
    id: MessageId,
    seen: Option<MessageState>,
    rewrite: &Rewrite,
) -> ApiResult<Arc<Message>> {
    let (conversations, rev) = (&state.stores.conversations, seen.map(|seen| seen.rev));
    let changed = conversations.rewrite_seen(access.conversation.id, id, rev, rewrite, state.clock.now()).await?;
    changed.map(Arc::new).ok_or_else(ApiError::not_found)
}

fn not_yours(verb: &str) -> ApiError {
    ApiError::new(Code::MessageNotYours, format!("You can {verb} only your own messages."))
}
