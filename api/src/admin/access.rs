//! The rights of an admin, proven by type.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use collabry_shared::ids::UserId;

use crate::auth::CurrentUser;
use crate::http::ApiError;
use crate::state::ApiState;

/// Proof that the caller's account is one of the admins'. For everyone else there is nothing here: 404.
#[derive(Debug, Clone, Copy)]
pub struct Admin {
    pub user_id: UserId,
}

impl FromRequestParts<ApiState> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let CurrentUser(user) = CurrentUser::from_request_parts(parts, state).await?;
        // Anybody can have registered an address before it was named in the settings.
        let named = user.verified_at.is_some() && state.config.admin_emails.contains(&user.email);
        if user.admin || named { Ok(Self { user_id: user.id }) } else { Err(ApiError::not_found()) }
    }
}
