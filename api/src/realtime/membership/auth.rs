//! Tokens of connected sockets: a socket is told when its token expires, renews it in place, or is closed.

use std::time::Duration;

use collabry_shared::realtime::Room;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::{Identity, TokenError};
use crate::http::ApiResult;
use crate::realtime::adapter::{SocketIo, SocketRef};
use crate::realtime::inbound::call::Call;
use crate::realtime::socket::{SocketUser, disconnect};
use crate::state::ApiState;

pub(in crate::realtime) const EXPIRED: &str = "auth:expired";
const LOOK_EVERY: Duration = Duration::from_secs(2);
const GRACE: SignedDuration = SignedDuration::from_secs(30);

#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::realtime) struct Refresh {
    token: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::realtime) struct Refreshed {
    #[serde(serialize_with = "collabry_shared::clock::wire::time")]
    expires_at: Timestamp,
}

/// The token has expired: the socket is closed unless it is refreshed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::realtime) struct Expired {
    /// Seconds.
    #[schema(minimum = 0)]
    grace_secs: i64,
}

pub(in crate::realtime) async fn refresh(call: Call<Refresh>) -> ApiResult<Refreshed> {
    let identity = Identity::living(&call.realtime.api, &call.payload.token).await?;
    if identity.user_id != call.user.id() {
        return Err(TokenError::Invalid.into());
    }
    if identity.session_id != call.user.session_id {
        // Signed in again: the end of the new session is what ends this socket.
        call.socket.leave(Room::Session(call.user.session_id).to_string());
        call.socket.join(Room::Session(identity.session_id).to_string());
    }
    let Identity { session_id, expires_at, .. } = identity;
    call.socket.extensions.insert(SocketUser { session_id, expires_at, warned_at: None, ..call.user });
    Ok(Refreshed { expires_at })
}

/// One look over all sockets every few seconds: cheaper than a timer for each.
pub(in crate::realtime) async fn expire_sockets(io: SocketIo, api: ApiState) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    loop {
        ticks.tick().await;
        let now = api.clock.now();
        for socket in io.sockets() {
            expire(&socket, now);
        }
    }
}

fn expire(socket: &SocketRef, now: Timestamp) {
    let Some(user) = socket.extensions.get::<SocketUser>() else { return };
    if now < user.expires_at {
        return;
    }
    match user.warned_at {
        None => {
            if let Err(error) = socket.emit(EXPIRED, &Expired { grace_secs: GRACE.as_secs() }) {
                tracing::debug!(%error, "sending auth:expired failed");
            }
            socket.extensions.insert(SocketUser { warned_at: Some(now), ..user });
        }
        Some(warned_at) if now.duration_since(warned_at) > GRACE => disconnect(socket),
        Some(_) => {}
    }
}
