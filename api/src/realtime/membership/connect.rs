//! A socket's beginning and end.

use std::sync::atomic::Ordering;

use collabry_shared::ids::{SessionId, UserId};
use collabry_shared::realtime::Room;
use jiff::Timestamp;
use serde::Deserialize;
use socketioxide::extract::{State, TryData};
use socketioxide::handler::ConnectHandler as _;
use socketioxide_redis::InitError;

use super::presence;
use crate::auth::{CurrentUser, Identity, TokenError};
use crate::http::ApiError;
use crate::limits::{self, Client};
use crate::realtime::Realtime;
use crate::realtime::adapter::{Bus, SocketIo, SocketRef};
use crate::realtime::inbound::{dispatch, typing};

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

/// Times that the notebooks of a new socket are looked up, before it is asked to come again.
const LISTS: u32 = 5;

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
pub(in crate::realtime) async fn register(io: &SocketIo) -> Result<(), InitError<Bus>> {
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
    let identity = Identity::living(&realtime.api, &token).await.map_err(|error| refused(&error))?;
    let user = CurrentUser::load(&realtime.api, identity).await.map_err(|error| refused(&error))?;
    if too_many(&realtime, &socket, identity.user_id) {
        return Err(Refused::TooMany);
    }
    socket.join([Room::User(identity.user_id).to_string(), Room::Session(identity.session_id).to_string()]);
    enter_notebooks(&realtime, &socket, identity.user_id).await?;
    socket.extensions.insert(SocketUser {
        user,
        session_id: identity.session_id,
        expires_at: identity.expires_at,
        warned_at: None,
    });
    dispatch::register(&socket, realtime.api.config.limits.socket_events);
    socket.on_disconnect(disconnected);
    Ok(())
}

/// Joins the rooms of the notebooks. Whoever is removed from one is put out of its room; if that may have happened between
/// the list and the joining, the list is read again.
async fn enter_notebooks(realtime: &Realtime, socket: &SocketRef, user: UserId) -> Result<(), Refused> {
    for _ in 0..LISTS {
        let before = realtime.removals.load(Ordering::Acquire);
        let notebooks = realtime.api.stores.notebooks.list_for(user).await.map_err(|error| {
            tracing::error!(%error, "rooms of a new socket");
            Refused::Busy
        })?;
        let rooms: Vec<_> = notebooks.iter().map(|(notebook, _)| Room::Notebook(notebook.id).to_string()).collect();
        let mut joined = socket.rooms();
        joined.retain(|room| room.starts_with("notebook:") && !rooms.iter().any(|allowed| allowed == room));
        socket.leave(joined);
        socket.join(rooms);
        if realtime.removals.load(Ordering::Acquire) == before {
            return Ok(());
        }
    }
    Err(Refused::Busy)
}

fn refused(error: &ApiError) -> Refused {
    match error.code {
        "token_invalid" => Refused::Token(TokenError::Invalid),
        "token_expired" => Refused::Token(TokenError::Expired),
        _ => Refused::Busy,
    }
}

async fn connected(socket: SocketRef, State(realtime): State<Realtime>) {
    let Some(user) = socket.extensions.get::<SocketUser>() else { return };
    presence::entered(&realtime, &socket, user.id()).await;
    if !socket.connected() {
        // It may have gone before it was counted.
        presence::left(&realtime, &socket, user.id()).await;
    }
}

async fn disconnected(socket: SocketRef, State(realtime): State<Realtime>) {
    let Some(user) = socket.extensions.get::<SocketUser>() else { return };
    typing::left(&realtime, &socket).await;
    presence::left(&realtime, &socket, user.id()).await;
}

/// Whether a person has as many sockets on this replica as one may.
fn too_many(realtime: &Realtime, socket: &SocketRef, user: UserId) -> bool {
    let most = usize::try_from(realtime.api.config.limits.sockets).unwrap_or(usize::MAX);
    most > 0 && socket.within(Room::User(user).to_string()).sockets().len() >= most
}

/// Closes a socket; one that is closed already stays closed.
pub(in crate::realtime) fn disconnect(socket: &SocketRef) {
    if let Err(error) = socket.clone().disconnect() {
        // One that takes nothing cannot be told of its end before its next ping fails; until then it hears nothing more.
        socket.leave_all();
        tracing::debug!(%error, "a socket is closing already, or once it fails to answer");
    }
}
