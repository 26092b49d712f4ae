//! Who may make an account over HTTP.

use axum::http::StatusCode;
use collabry_shared::auth::{Email, User};
use collabry_shared::config::Registration;

use crate::http::{ApiResult, Code};
use crate::notebooks::codes::{self, Ticket};
use crate::state::ApiState;

/// Whether this address may register, and what the code that it brings opens, where there has to be one.
pub async fn ask(state: &ApiState, email: &Email, code: Option<&str>) -> ApiResult<Option<Ticket>> {
    if state.config.admin_emails.contains(email) {
        return Err(Code::AddressReserved.into());
    }
    match (state.config.registration, code) {
        (Registration::Open, _) => Ok(None),
        (Registration::Closed, _) => Err(Code::RegistrationClosed.into()),
        (Registration::Invited, None) => Err(Code::InvitationNeeded.into()),
        (Registration::Invited, Some(code)) => match codes::look_up(state, code).await {
            Ok(ticket) => Ok(Some(ticket)),
            Err(error) if error.status == StatusCode::NOT_FOUND => Err(Code::InvitationNeeded.into()),
            Err(error) => Err(error),
        },
    }
}

/// Lets a new account into the notebook that its code opens. Others may have used the code up since it was looked at: then
/// there is no account either.
pub async fn enter(state: &ApiState, ticket: Ticket, user: &User) -> ApiResult<()> {
    let Err(error) = codes::enter(state, ticket, user.id).await else { return Ok(()) };
    state.stores.users.delete(user).await?;
    Err(if error.status == StatusCode::NOT_FOUND { Code::InvitationNeeded.into() } else { error })
}
