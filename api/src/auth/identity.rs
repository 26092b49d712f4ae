//! The caller of a request, proven by its bearer token.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use collabry_shared::auth::User;
use collabry_shared::ids::SessionId;

use super::tokens::{Identity, TokenError};
use crate::http::{ApiError, ApiResult};
use crate::state::ApiState;

impl Identity {
    /// Whom the token names, whether or not their session has ended: enough to count them, and for nothing else.
    pub fn named(headers: &HeaderMap, state: &ApiState) -> Result<Self, TokenError> {
        state.tokens.check(bearer(headers)?)
    }

    /// The caller with a living session.
    pub async fn living(state: &ApiState, token: &str) -> ApiResult<Self> {
        let identity = state.tokens.check(token)?;
        if state.sessions.is_living(identity.session_id).await? {
            Ok(identity)
        } else {
            Err(TokenError::Invalid.into())
        }
    }
}

fn bearer(headers: &HeaderMap) -> Result<&str, TokenError> {
    let header = headers.get(AUTHORIZATION).ok_or(TokenError::Missing)?;
    let text = header.to_str().map_err(|_| TokenError::Invalid)?;
    let (scheme, token) = text.split_once(' ').ok_or(TokenError::Invalid)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(TokenError::Invalid) }
}

impl FromRequestParts<ApiState> for Identity {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        Self::living(state, bearer(&parts.headers)?).await
    }
}

/// The session that a token names: to end it takes no more than that, also when the token has expired.
#[derive(Debug, Clone, Copy)]
pub struct NamedSession(pub SessionId);

impl OptionalFromRequestParts<ApiState> for NamedSession {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Option<Self>, ApiError> {
        match bearer(&parts.headers) {
            Err(TokenError::Missing) => Ok(None),
            Err(error) => Err(error.into()),
            Ok(token) => Ok(Some(Self(state.tokens.session_of(token)?))),
        }
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
        let identity = <Identity as FromRequestParts<ApiState>>::from_request_parts(parts, state).await?;
        Self::load(state, identity).await
    }
}
