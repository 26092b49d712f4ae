//! The caller of a request, proven by its bearer token.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use collabry_shared::auth::User;

use super::tokens::{Identity, TokenError};
use crate::http::{ApiError, ApiResult};
use crate::state::ApiState;

impl FromRequestParts<ApiState> for Identity {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let header = parts.headers.get(AUTHORIZATION).ok_or(TokenError::Missing)?;
        let text = header.to_str().map_err(|_| TokenError::Invalid)?;
        let (scheme, token) = text.split_once(' ').ok_or(TokenError::Invalid)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(TokenError::Invalid.into());
        }
        Ok(state.tokens.check(token.trim())?)
    }
}

/// The caller with their account, for handlers that need name or address.
#[derive(Debug, Clone)]
pub struct CurrentUser(pub User);

impl CurrentUser {
    pub async fn load(state: &ApiState, identity: Identity) -> ApiResult<Self> {
        let user = state.stores.users.get(identity.user_id).await?;
        user.map(Self).ok_or_else(|| TokenError::Invalid.into())
    }
}

impl FromRequestParts<ApiState> for CurrentUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let identity = Identity::from_request_parts(parts, state).await?;
        Self::load(state, identity).await
    }
}
