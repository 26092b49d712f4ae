//! `DELETE /api/auth/me`: the end of an account.

use axum::extract::State;
use axum::http::StatusCode;
use axum_extra::extract::CookieJar;
use collabry_shared::auth::User;
use collabry_shared::notebooks::{Notebook, Role};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{CurrentUser, cookies, end_session};
use crate::http::{ApiError, ApiResult, Body, Code};
use crate::state::ApiState;
use crate::{limits, notebooks};

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(delete))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AccountDeletion {
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// Also deletes, for all members, the notebooks that have no other owner. Without it, make
    /// another member an owner of each first.
    #[serde(default)]
    delete_notebooks: bool,
}

/// Delete one's account
///
/// Sessions, memberships, notifications and the invitations of the address go with it. Messages stay with their
/// conversations, without the name. Backups keep what they have for as long as they are kept.
#[utoipa::path(delete, operation_id = "deleteAccount", path = "/api/auth/me", tag = "auth", request_body = AccountDeletion, responses(
    (status = 204), (status = 403, description = "`password_wrong`"),
    (status = 409, description = "`owns_notebooks`: some have no other owner"),
))]
async fn delete(
    State(state): State<ApiState>,
    CurrentUser(user): CurrentUser,
    jar: CookieJar,
    Body(request): Body<AccountDeletion>,
) -> ApiResult<(StatusCode, CookieJar)> {
    limits::password(&state, &user.email).await?;
    let hash = state.stores.users.password_hash(user.id).await?;
    if !state.passwords.verify(request.password, hash).await? {
        return Err(ApiError::from(Code::PasswordWrong).of_field("password"));
    }
    let (alone, shared) = memberships(&state, &user).await?;
    if !alone.is_empty() && !request.delete_notebooks {
        return Err(owns(&alone));
    }
    for notebook in &alone {
        notebooks::delete(&state, notebook.id, None).await?;
    }
    for notebook in &shared {
        notebooks::leave(&state, notebook.id, user.id).await?;
    }
    for session in state.stores.sessions.list_for(user.id, state.clock.now()).await? {
        end_session(&state, session.id).await?;
    }
    state.stores.users.delete(&user).await?;
    Ok((StatusCode::NO_CONTENT, cookies::remove(jar, state.config.secure_cookies)))
}

/// The notebooks that have no owner without them, and those that have.
async fn memberships(state: &ApiState, user: &User) -> ApiResult<(Vec<Notebook>, Vec<Notebook>)> {
    let (mut alone, mut shared) = (Vec::new(), Vec::new());
    for (notebook, role) in state.stores.notebooks.list_for(user.id).await? {
        let members = state.stores.members.members(notebook.id).await?;
        let another = members.iter().any(|member| member.role == Role::Owner && member.user.id != user.id);
        if role == Role::Owner && !another { &mut alone } else { &mut shared }.push(notebook);
    }
    Ok((alone, shared))
}

fn owns(notebooks: &[Notebook]) -> ApiError {
    let titles: Vec<_> = notebooks.iter().take(5).map(|notebook| format!("“{}”", notebook.title)).collect();
    let others = notebooks.len().saturating_sub(titles.len());
    let more = if others > 0 { format!(" and {others} others") } else { String::new() };
    let detail = format!(
        "You are the only owner of {}{more}. Make someone else an owner, or have them deleted with your account.",
        titles.join(", "),
    );
    ApiError::new(Code::OwnsNotebooks, detail)
}
