//! A socket's beginning and end.

use collabry_shared::ids::{SessionId, UserId};
use collabry_shared::realtime::Room;
use jiff::Timestamp;
use serde::Deserialize;
use socketioxide::extract::{State, TryData};
use socketioxide::handler::ConnectHandler as _;
use socketioxide_redis::InitError;

use super::adapter::Bus;
use super::{Realtime, SocketIo, SocketRef, dispatch, presence, typing};
use crate::auth::{CurrentUser, TokenError};
use crate::limits::{self, Client};

/// Who a socket belongs to, proven by its token.
#[derive(Debug, Clone)]
pub struct SocketUser {
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

#[derive(Debug, Deserialize)]
struct Handshake {
    token: String,
}

#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("rate_limited")]
    TooMany,
    /// The database did not say who this is.
    #[error("busy")]
    Busy,
}

/// Lets sockets in, once the adapter listens to the other replicas.
pub(super) async fn register(io: &SocketIo) -> Result<(), InitError<Bus>> {
    io.ns("/", connected.with(authenticate)).await
}

/// Everything is in place before the client hears that it is connected: its first event finds a handler, and no event of
/// its rooms falls into a gap.
async fn authenticate(
    socket: SocketRef,
    State(realtime): State<Realtime>,
    TryData(handshake): TryData<Handshake>,
) -> Result<(), Refused> {
    let client = socket.req_parts().extensions.get::<Client>().copied().ok_or(Refused::Busy)?;
    limits::connection(&realtime.api, client).await.map_err(|error| match error.code {
        "rate_limited" => Refused::TooMany,
        _ => Refused::Busy,
    })?;
    let token = handshake.map_err(|_| TokenError::Missing)?.token;
    let identity = realtime.api.tokens.check(&token)?;
    let user = CurrentUser::load(&realtime.api, identity).await.map_err(|error| match error.code {
        "token_invalid" => Refused::Token(TokenError::Invalid),
        _ => Refused::Busy,
    })?;
    let notebooks = realtime.api.stores.notebooks.list_for(identity.user_id).await.map_err(|error| {
        tracing::error!(%error, "rooms of a new socket");
        Refused::Busy
    })?;
    let mut rooms = vec![Room::User(identity.user_id).to_string(), Room::Session(identity.session_id).to_string()];
    rooms.extend(notebooks.iter().map(|(notebook, _)| Room::Notebook(notebook.id).to_string()));
    socket.join(rooms);
    socket.extensions.insert(SocketUser {
        user,
        session_id: identity.session_id,
        expires_at: identity.expires_at,
        warned_at: None,
    });
    dispatch::register(&socket);
    socket.on_disconnect(disconnected);
    Ok(())
}

async fn connected(socket: SocketRef, State(realtime): State<Realtime>) {
    let Some(user) = socket.extensions.get::<SocketUser>() else { return };
    presence::entered(&realtime.api, &socket, user.id()).await;
    if !socket.connected() {
        // It may have gone before it was counted.
        presence::left(&realtime.api, &socket, user.id()).await;
    }
}

async fn disconnected(socket: SocketRef, State(realtime): State<Realtime>) {
    let Some(user) = socket.extensions.get::<SocketUser>() else { return };
    typing::left(&realtime, &socket).await;
    presence::left(&realtime.api, &socket, user.id()).await;
}

/// Closes a socket; one that is closed already stays closed.
pub(super) fn disconnect(socket: &SocketRef) {
    if let Err(error) = socket.clone().disconnect() {
        tracing::debug!(%error, "socket was closing already");
    }
}
