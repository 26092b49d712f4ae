//! A socket's beginning and end.

use std::fmt;
use std::sync::atomic::Ordering;

use collabry_shared::ids::UserId;
use collabry_shared::realtime::Room;
use serde::Deserialize;
use socketioxide::extract::{State, TryData};
use socketioxide::handler::ConnectHandler as _;
use socketioxide_redis::InitError;

use super::presence;
use crate::auth::{CurrentUser, Identity};
use crate::http::{ApiError, Code};
use crate::limits::{self, Client};
use crate::realtime::adapter::{Bus, SocketIo, SocketRef};
use crate::realtime::context::Realtime;
use crate::realtime::inbound::{gate, typing};
use crate::realtime::socket::SocketUser;

/// Times that the notebooks of a new socket are looked up, before it is asked to come again.
const LISTS: u32 = 5;

#[derive(Debug, Deserialize)]
struct Handshake {
    token: String,
}

/// Why a socket is refused: its code is the message of `connect_error`.
#[derive(Debug)]
struct Refused(Code);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// Lets sockets in, once the adapter listens to the other replicas.
pub(in crate::realtime) async fn register(io: &SocketIo) -> Result<(), InitError<Bus>> {
    io.ns("/", connected.with(authenticate)).await
}

/// Everything is in place before the client is told that it is connected: its first event finds a handler, and no event
/// of its rooms falls into a gap.
async fn authenticate(
    socket: SocketRef,
    State(realtime): State<Realtime>,
    TryData(handshake): TryData<Handshake>,
) -> Result<(), Refused> {
    let client = socket.req_parts().extensions.get::<Client>().copied().ok_or(Refused(Code::Busy))?;
    limits::connection(&realtime.api, client).await.map_err(|error| refused(&error))?;
    let token = handshake.map_err(|_| Refused(Code::TokenMissing))?.token;
    let identity = Identity::living(&realtime.api, &token).await.map_err(|error| refused(&error))?;
    let user = CurrentUser::load(&realtime.api, identity).await.map_err(|error| refused(&error))?;
    if too_many(&realtime, &socket, identity.user_id) {
        return Err(Refused(Code::RateLimited));
    }
    socket.join([Room::User(identity.user_id).to_string(), Room::Session(identity.session_id).to_string()]);
    enter_notebooks(&realtime, &socket, identity.user_id).await?;
    socket.extensions.insert(SocketUser {
        user,
        session_id: identity.session_id,
        expires_at: identity.expires_at,
        warned_at: None,
    });
    gate::register(&socket, realtime.api.config.limits.socket_events);
    socket.on_disconnect(disconnected);
    Ok(())
}

/// Joins the rooms of the notebooks. A removal takes the member's sockets out of the room; if one may have come between
/// reading the list and joining, the list is read again.
async fn enter_notebooks(realtime: &Realtime, socket: &SocketRef, user: UserId) -> Result<(), Refused> {
    for _ in 0..LISTS {
        let before = realtime.removals.load(Ordering::Acquire);
        let notebooks = realtime.api.stores.notebooks.list_for(user).await.map_err(|error| {
            tracing::error!(%error, "reading the notebooks of a new socket failed");
            Refused(Code::Busy)
        })?;
        let rooms: Vec<_> = notebooks.iter().map(|(notebook, _)| Room::Notebook(notebook.id).to_string()).collect();
        let mut joined = socket.rooms();
        joined.retain(|room| matches!(room.parse(), Ok(Room::Notebook(_))) && !rooms.iter().any(|one| one == room));
        socket.leave(joined);
        socket.join(rooms);
        if realtime.removals.load(Ordering::Acquire) == before {
            return Ok(());
        }
    }
    Err(Refused(Code::Busy))
}

/// As `docs/realtime.md` says: whatever else is wrong, the client comes again.
fn refused(error: &ApiError) -> Refused {
    Refused(match error.code {
        code @ (Code::TokenInvalid | Code::TokenExpired | Code::RateLimited) => code,
        _ => Code::Busy,
    })
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
