//! Who may make an account over HTTP.

use axum::http::StatusCode;
use collabry_shared::auth::{Email, User};
use collabry_shared::config::Registration;

use crate::http::{ApiError, ApiResult};
use crate::notebooks::codes::{self, Ticket};
use crate::state::ApiState;

/// Whether this address may register, and what the code that it brings opens, where there has to be one.
pub async fn ask(state: &ApiState, email: &Email, code: Option<&str>) -> ApiResult<Option<Ticket>> {
    if state.config.admin_emails.contains(email) {
        return Err(refused(
            "address_reserved",
            "This address is that of an administrator. Whoever runs the server makes its account on the command line.",
        ));
    }
    match (state.config.registration, code) {
        (Registration::Open, _) => Ok(None),
        (Registration::Closed, _) => {
            Err(refused("registration_closed", "Accounts can't be created here. Ask whoever runs the server for one."))
        }
        (Registration::Invited, None) => Err(not_invited()),
        (Registration::Invited, Some(code)) => match codes::look_up(state, code).await {
            Ok(ticket) => Ok(Some(ticket)),
            Err(error) if error.status == StatusCode::NOT_FOUND => Err(not_invited()),
            Err(error) => Err(error),
        },
    }
}

/// Lets a new account into the notebook that its code opens. Others may have used the code up since it was looked at: then
/// there is no account either.
pub async fn enter(state: &ApiState, ticket: Ticket, user: &User) -> ApiResult<()> {
    let Err(error) = codes::enter(state, ticket, user.id).await else { return Ok(()) };
    state.stores.users.delete(user).await?;
    Err(if error.status == StatusCode::NOT_FOUND { not_invited() } else { error })
}

fn not_invited() -> ApiError {
    let detail = "Accounts are made by invitation here. Open the link that a member of a notebook gave you; if it is used \
                  up or has expired, ask for a new one.";
    refused("invitation_needed", detail)
}

fn refused(code: &'static str, detail: &'static str) -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, code, detail)
}
