//! From what any role published to the sockets of this replica.

use collabry_shared::ids::{NotebookId, UserId};
use collabry_shared::realtime::{Event, Published, Room, Signal};
use socketioxide::SocketIo;
use tokio::sync::mpsc;

use super::relay::Relay;
use super::{connect, presence};
use crate::state::ApiState;

pub(super) async fn run(io: SocketIo, api: ApiState, relay: Relay, mut published: mpsc::Receiver<Published>) {
    while let Some(published) = published.recv().await {
        match published {
            Published::Emit(room, event) => emit(&io, room, &event).await,
            Published::Signal(signal) => obey(&io, &api, &relay, signal).await,
        }
    }
}

async fn emit(io: &SocketIo, room: Room, event: &Event) {
    let payload = match event.payload() {
        Ok(payload) => payload,
        Err(error) => return tracing::error!(%error, event = event.name(), "an event that is not JSON"),
    };
    let sockets = match room {
        Room::Outside(notebook, conversation) => {
            io.to(Room::Notebook(notebook).to_string()).except(Room::Conversation(conversation).to_string())
        }
        room => io.to(room.to_string()),
    };
    if let Err(error) = sockets.emit(event.name(), &payload).await {
        // A slow client's buffer is full: it will see the gap and ask.
        tracing::debug!(%error, %room, event = event.name(), "not everyone got an event");
    }
}

async fn obey(io: &SocketIo, api: &ApiState, relay: &Relay, signal: Signal) {
    match signal {
        Signal::GenerationRunning { generation_id, conversation_id } => relay.watch(generation_id, conversation_id),
        Signal::SessionEnded { session_id } => {
            for socket in io.within(Room::Session(session_id).to_string()).sockets() {
                connect::disconnect(&socket);
            }
        }
        Signal::Membership { notebook_id, user_id, role } => {
            move_sockets(io, api, notebook_id, user_id, role.is_some()).await;
            // Not awaited in the queue's own consumer: it publishes into that queue.
            relay.spawn(announce_presence(api.clone(), notebook_id));
        }
    }
}

async fn announce_presence(api: ApiState, notebook_id: NotebookId) {
    presence::update(&api, notebook_id).await;
}

/// Lets a user's sockets into a notebook's room, or puts them out of it and of its conversations.
async fn move_sockets(io: &SocketIo, api: &ApiState, notebook_id: NotebookId, user_id: UserId, member: bool) {
    let room = Room::Notebook(notebook_id).to_string();
    let sockets = io.within(Room::User(user_id).to_string()).sockets();
    if member {
        for socket in sockets {
            socket.join(room.clone());
        }
        return;
    }
    let conversations = match api.stores.conversations.list(notebook_id).await {
        Ok(conversations) => conversations,
        Err(error) => {
            // Who is no member any more must hear nothing more: close, and let them come back with what they may see.
            tracing::error!(%error, "rooms of a removed member");
            return sockets.iter().for_each(connect::disconnect);
        }
    };
    let mut rooms: Vec<_> = conversations.iter().map(|c| Room::Conversation(c.id).to_string()).collect();
    rooms.push(room);
    for socket in sockets {
        socket.leave(rooms.clone());
    }
}
