//! After signals may have been missed: puts every socket into the rooms that its user may be in, and into no other.

use collabry_shared::ids::ConversationId;
use collabry_shared::realtime::{InvalidRoom, Room};

use crate::conversations::ConversationAccess;
use crate::http::ApiResult;
use crate::realtime::adapter::{SocketIo, SocketRef};
use crate::realtime::socket::{SocketUser, disconnect};
use crate::state::ApiState;

pub(in crate::realtime) async fn sockets(io: SocketIo, api: ApiState) {
    for socket in io.sockets() {
        let Some(user) = socket.extensions.get::<SocketUser>() else { continue };
        if let Err(error) = recheck(&api, &socket, &user).await {
            // A user who may have lost access must receive nothing more: close the socket, and let it come back.
            tracing::error!(
                code = error.code.name(),
                error = error.internal,
                "rechecking the rooms of a socket failed"
            );
            disconnect(&socket);
        }
    }
}

async fn recheck(api: &ApiState, socket: &SocketRef, user: &SocketUser) -> ApiResult<()> {
    if api.stores.sessions.get(user.session_id, api.clock.now()).await?.is_none() {
        disconnect(socket);
        return Ok(());
    }
    let notebooks = api.stores.notebooks.list_for(user.id()).await?;
    let allowed: Vec<_> = notebooks.iter().map(|(notebook, _)| notebook.id).collect();
    for room in socket.rooms() {
        let stays = match room.parse() {
            Ok(Room::Notebook(id)) => allowed.contains(&id),
            Ok(Room::Conversation(id)) => takes_part(api, user, id).await?,
            Ok(Room::User(_) | Room::Session(_)) => true,
            Ok(Room::Outside(..)) | Err(InvalidRoom) => false,
        };
        if !stays {
            socket.leave(room);
        }
    }
    socket.join(allowed.into_iter().map(|id| Room::Notebook(id).to_string()).collect::<Vec<_>>());
    Ok(())
}

async fn takes_part(api: &ApiState, user: &SocketUser, id: ConversationId) -> ApiResult<bool> {
    match ConversationAccess::prove(api, user.id(), id).await {
        Ok(_) => Ok(true),
        Err(error) if error.status.is_client_error() => Ok(false),
        Err(error) => Err(error),
    }
}
