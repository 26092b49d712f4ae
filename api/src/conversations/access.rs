//! Rights to a conversation: those of a member of its notebook.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use collabry_shared::conversations::Conversation;
use collabry_shared::ids::{ConversationId, UserId};

use crate::auth::Identity;
use crate::http::{ApiError, ApiResult, path};
use crate::notebooks::{NotebookAccess, Viewer};
use crate::state::ApiState;

/// A conversation, and proof that the caller is a member of its notebook.
#[derive(Debug, Clone)]
pub struct ConversationAccess {
    pub conversation: Conversation,
    pub access: NotebookAccess<Viewer>,
}

impl ConversationAccess {
    pub async fn prove(state: &ApiState, user_id: UserId, id: ConversationId) -> ApiResult<Self> {
        let found = state.stores.conversations.for_member(id, user_id).await?;
        let (conversation, role) = found.ok_or_else(ApiError::not_found)?;
        let access = NotebookAccess::of(conversation.notebook_id, user_id, role)?;
        Ok(Self { conversation, access })
    }
}

/// From the path parameter `conversationId`.
impl FromRequestParts<ApiState> for ConversationAccess {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let identity = Identity::from_request_parts(parts, state).await?;
        let id = path::param(parts, state, "conversationId").await?;
        Self::prove(state, identity.user_id, id).await
    }
}
