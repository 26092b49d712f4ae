//! A socket's beginning and end.

use collabry_shared::ids::{SessionId, UserId};
use collabry_shared::realtime::Room;
use jiff::Timestamp;
use serde::Deserialize;
use socketioxide::SocketIo;
use socketioxide::extract::{SocketRef, State, TryData};
use socketioxide::handler::ConnectHandler as _;

use super::{Realtime, auth, conversations, generations, messages, presence, typing};
use crate::auth::{CurrentUser, TokenError};

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
    /// The database did not say who this is.
    #[error("busy")]
    Busy,
}

pub(super) fn register(io: &SocketIo) {
    io.ns("/", connected.with(authenticate));
}

async fn authenticate(
    socket: SocketRef,
    State(realtime): State<Realtime>,
    TryData(handshake): TryData<Handshake>,
) -> Result<(), Refused> {
    let token = handshake.map_err(|_| TokenError::Missing)?.token;
    let identity = realtime.api.tokens.check(&token)?;
    let user = CurrentUser::load(&realtime.api, identity).await.map_err(|error| match error.code {
        "token_invalid" => Refused::Token(TokenError::Invalid),
        _ => Refused::Busy,
    })?;
    socket.extensions.insert(SocketUser {
        user,
        session_id: identity.session_id,
        expires_at: identity.expires_at,
        warned_at: None,
    });
    Ok(())
}

async fn connected(socket: SocketRef, State(realtime): State<Realtime>) {
    let Some(user) = socket.extensions.get::<SocketUser>() else { return };
    auth::register(&socket);
    conversations::register(&socket);
    messages::register(&socket);
    generations::register(&socket);
    typing::register(&socket);
    socket.on_disconnect(disconnected);
    socket.join([Room::User(user.id()).to_string(), Room::Session(user.session_id).to_string()]);
    match realtime.api.stores.notebooks.list_for(user.id()).await {
        Ok(notebooks) => {
            let rooms: Vec<_> = notebooks.iter().map(|(notebook, _)| Room::Notebook(notebook.id).to_string()).collect();
            socket.join(rooms);
            presence::entered(&realtime.api, &socket, user.id(), notebooks).await;
        }
        Err(error) => {
            // Without its rooms it would wait in vain for events: let it come again.
            tracing::error!(%error, "rooms of a new socket");
            disconnect(&socket);
        }
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
