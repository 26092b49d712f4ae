//! Rights to a generation: those of a member of its notebook.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use collabry_shared::generations::Generation;
use collabry_shared::ids::{GenerationId, UserId};
use collabry_shared::storage::StoreResult;

use crate::auth::Identity;
use crate::conversations::ConversationAccess;
use crate::http::{ApiError, ApiResult, path};
use crate::state::ApiState;

/// A generation of a conversation that the caller takes part in.
#[derive(Debug)]
pub struct GenerationAccess(pub Generation);

impl GenerationAccess {
    pub async fn prove(state: &ApiState, user_id: UserId, id: GenerationId) -> ApiResult<Self> {
        let generation = state.stores.generations.get(id).await?.ok_or_else(ApiError::not_found)?;
        ConversationAccess::prove(state, user_id, generation.conversation_id).await?;
        if is_deleted(state, &generation).await? {
            return Err(ApiError::not_found());
        }
        Ok(Self(generation))
    }
}

/// What was deleted of an answer is not told from its events either.
async fn is_deleted(state: &ApiState, generation: &Generation) -> StoreResult<bool> {
    if !generation.state.is_final() {
        return Ok(false);
    }
    let answer = state.stores.conversations.message(generation.conversation_id, generation.answer_id).await?;
    Ok(answer.is_some_and(|answer| answer.deleted_at.is_some()))
}

/// From the path parameter `generationId`.
impl FromRequestParts<ApiState> for GenerationAccess {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let identity = Identity::from_request_parts(parts, state).await?;
        let id = path::param(parts, state, "generationId").await?;
        Self::prove(state, identity.user_id, id).await
    }
}
