//! A connected socket: whose it is, and how it is closed.

use collabry_shared::ids::{SessionId, UserId};
use jiff::Timestamp;

use super::adapter::SocketRef;
use crate::auth::CurrentUser;

/// The user of a socket, proven by its token.
#[derive(Debug, Clone)]
pub(in crate::realtime) struct SocketUser {
    pub user: CurrentUser,
    pub session_id: SessionId,
    pub expires_at: Timestamp,
    /// When the client was told that its token has expired.
    pub warned_at: Option<Timestamp>,
}

impl SocketUser {
    pub fn id(&self) -> UserId {
        self.user.0.id
    }
}

/// Closes a socket; one that is closed already stays closed.
pub(in crate::realtime) fn disconnect(socket: &SocketRef) {
    if let Err(error) = socket.clone().disconnect() {
        // A socket that reads nothing learns that it was closed only when its next ping fails; until then it receives nothing more.
        socket.leave_all();
        tracing::debug!(%error, "disconnecting a socket failed; it is closed already, or will be when it misses a ping");
    }
}
