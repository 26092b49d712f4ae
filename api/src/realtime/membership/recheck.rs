//! After signals may have been missed: every socket is where its user may be, and nowhere else.

use collabry_shared::ids::ConversationId;
use collabry_shared::realtime::Room;
use collabry_shared::storage::{StoreError, StoreResult};

use super::connect;
use super::connect::SocketUser;
use crate::conversations::ConversationAccess;
use crate::realtime::adapter::{SocketIo, SocketRef};
use crate::state::ApiState;

pub(in crate::realtime) async fn sockets(io: SocketIo, api: ApiState) {
    for socket in io.sockets() {
        let Some(user) = socket.extensions.get::<SocketUser>() else { continue };
        if let Err(error) = recheck(&api, &socket, &user).await {
            // Who may be no member any more must hear nothing more: close, and let them come back.
            tracing::error!(%error, "the rooms of a socket are not known");
            connect::disconnect(&socket);
        }
    }
}

async fn recheck(api: &ApiState, socket: &SocketRef, user: &SocketUser) -> StoreResult<()> {
    if api.stores.sessions.get(user.session_id, api.clock.now()).await?.is_none() {
        connect::disconnect(socket);
        return Ok(());
    }
    let notebooks = api.stores.notebooks.list_for(user.id()).await?;
    let allowed: Vec<_> = notebooks.iter().map(|(notebook, _)| Room::Notebook(notebook.id).to_string()).collect();
    for room in socket.rooms() {
        let stays = match room.split_once(':') {
            Some(("notebook", _)) => allowed.iter().any(|allowed| *allowed == room),
            Some(("conversation", id)) => takes_part(api, user, id).await?,
            _ => true,
        };
        if !stays {
            socket.leave(room);
        }
    }
    socket.join(allowed);
    Ok(())
}

async fn takes_part(api: &ApiState, user: &SocketUser, conversation: &str) -> StoreResult<bool> {
    let Ok(id) = conversation.parse::<ConversationId>() else { return Ok(false) };
    match ConversationAccess::prove(api, user.id(), id).await {
        Ok(_) => Ok(true),
        Err(error) if error.status.is_client_error() => Ok(false),
        Err(error) => Err(StoreError::Unavailable(error.code.to_owned())),
    }
}
