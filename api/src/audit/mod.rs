//! Security events, as lines of their own under the target `audit`: who did what to what, from where, and with which
//! outcome. Never what is secret, and of people only their ids.

mod layer;
mod routes;
mod trail;

use collabry_shared::auth::Session;

pub use self::layer::record;
pub use self::trail::Trail;

/// The name to filter for.
pub const TARGET: &str = "audit";

/// An old refresh token was used again after its successor had been used: two parties hold the session.
pub fn stolen(session: &Session) {
    tracing::warn!(
        target: TARGET,
        action = "session.stolen",
        actor = %session.user_id,
        object = %session.id,
        outcome = "ended",
        "security event"
    );
}
