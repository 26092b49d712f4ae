//! Accounts: register, sign in, refresh, sign out.

pub mod accounts;
pub mod identity;
mod passwords;
mod refresh;
mod routes;
mod tokens;

use collabry_shared::ids::SessionId;
use collabry_shared::realtime::Signal;

pub use self::identity::CurrentUser;
pub use self::passwords::{PasswordError, Passwords};
pub use self::routes::router;
pub use self::tokens::{Identity, TokenError, Tokens};
use crate::http::ApiResult;
use crate::state::ApiState;

/// Ends a session and its sockets.
async fn end_session(state: &ApiState, session_id: SessionId) -> ApiResult<()> {
    state.stores.sessions.delete(session_id).await?;
    state.fan_out.signal(Signal::SessionEnded { session_id }).await;
    Ok(())
}
