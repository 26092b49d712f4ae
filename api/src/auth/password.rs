//! `PUT /api/auth/password`: another password for an account.

use axum::extract::State;
use axum::http::StatusCode;
use collabry_shared::auth::User;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{CurrentUser, Identity, end_session, strength};
use crate::http::{ApiError, ApiResult, Body, Code, FieldError};
use crate::limits;
use crate::state::ApiState;

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(change))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PasswordChange {
    #[schema(value_type = String, format = Password)]
    current_password: SecretString,
    /// 10 to 256 characters; common passwords are refused.
    #[schema(value_type = String, format = Password)]
    new_password: SecretString,
}

/// Change one's password
///
/// Every other session of the account ends, with its sockets and streams; this one goes on.
#[utoipa::path(put, operation_id = "changePassword", path = "/api/auth/password", tag = "auth", request_body = PasswordChange, responses(
    (status = 204), (status = 403, description = "`password_wrong`"),
    (status = 422, description = "`validation`"),
))]
async fn change(
    State(state): State<ApiState>,
    identity: Identity,
    CurrentUser(user): CurrentUser,
    Body(request): Body<PasswordChange>,
) -> ApiResult<StatusCode> {
    limits::password(&state, &user.email).await?;
    let before = state.stores.users.password_hash(user.id).await?.ok_or_else(wrong)?;
    if !state.passwords.verify(request.current_password, Some(before.clone())).await? {
        return Err(wrong());
    }
    if let Err(message) =
        strength::check(request.new_password.expose_secret(), &[user.email.as_str(), user.name.as_str()])
    {
        return Err(ApiError::fields(vec![FieldError::new("newPassword", message)]));
    }
    let hash = state.passwords.hash(request.new_password).await?;
    // A change in the meantime has made the current password a wrong one.
    if !state.stores.users.set_password(user.id, &before, &hash).await? {
        return Err(wrong());
    }
    end_other_sessions(&state, &user, &identity).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn wrong() -> ApiError {
    ApiError::from(Code::PasswordWrong).of_field("currentPassword")
}

async fn end_other_sessions(state: &ApiState, user: &User, identity: &Identity) -> ApiResult<()> {
    let sessions = state.stores.sessions.list_for(user.id, state.clock.now()).await?;
    for session in sessions.iter().filter(|session| session.id != identity.session_id) {
        end_session(state, session.id).await?;
    }
    Ok(())
}
