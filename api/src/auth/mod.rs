//! Accounts: register, sign in, refresh, sign out.

pub mod accounts;
mod admission;
mod cookies;
mod devices;
mod export;
pub mod identity;
mod leaving;
mod password;
pub mod passwords;
mod refresh;
mod routes;
pub mod sessions;
mod strength;
pub mod tokens;

use collabry_shared::ids::SessionId;
use collabry_shared::realtime::Signal;

pub use self::identity::CurrentUser;
pub use self::passwords::{PasswordError, Passwords, random_password};
pub use self::sessions::Sessions;
pub use self::tokens::{Identity, TokenError, Tokens};
use crate::http::ApiResult;
use crate::state::ApiState;

pub fn router() -> utoipa_axum::router::OpenApiRouter<ApiState> {
    routes::router().merge(devices::router()).merge(password::router()).merge(leaving::router()).merge(export::router())
}

/// Ends a session with all that is open in it, on every replica.
async fn end_session(state: &ApiState, session_id: SessionId) -> ApiResult<()> {
    state.stores.sessions.delete(session_id).await?;
    state.sessions.forget(session_id);
    state.coordination.fan_out.signal(Signal::SessionEnded { session_id }).await;
    Ok(())
}
