//! Delivers to the sockets what any role published.

use std::sync::atomic::Ordering;

use collabry_shared::ids::{NotebookId, UserId};
use collabry_shared::realtime::{Event, Published, Room, Signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::realtime::adapter::SocketIo;
use crate::realtime::context::Realtime;
use crate::realtime::membership::recheck;
use crate::realtime::socket::disconnect;
use crate::state::ApiState;

/// Delivers what is published. Nothing here may wait for something to be published: this is what makes room for it.
pub(in crate::realtime) struct Pump {
    pub io: SocketIo,
    pub realtime: Realtime,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
}

impl Pump {
    /// Runs until nobody can publish any more.
    pub async fn run(self, mut published: mpsc::Receiver<Published>) {
        while let Some(published) = published.recv().await {
            match published {
                Published::Changed(message) => self.realtime.sequencer.changed(message).await,
                Published::Event(room, event) => self.emit(room, &event).await,
                Published::Signal(signal) => self.apply(signal).await,
                Published::MissedChanges => self.realtime.sequencer.missed_changes().await,
                Published::MissedSignals => {
                    self.realtime.api.sessions.forget_all();
                    self.realtime.sequencer.missed_signals().await;
                    self.beside(recheck::sockets(self.io.clone(), self.realtime.api.clone()));
                }
            }
        }
    }

    async fn emit(&self, room: Room, event: &Event) {
        // Of every replica: the adapter tells the others.
        let (room, left_out) = room.audience();
        let sockets = self.io.to(room.to_string());
        let sockets = match left_out {
            Some(left_out) => sockets.except(left_out.to_string()),
            None => sockets,
        };
        let sent = sockets.emit(event.name(), event).await;
        self.realtime.api.metrics.realtime.emitted(event.name(), sent.is_ok());
        if let Err(error) = sent {
            // A slow client's buffer is full. These events are in no log; the client reads what they say again when it
            // learns that it missed something of a conversation.
            tracing::debug!(%error, %room, event = event.name(), "emitting an event failed");
        }
    }

    async fn apply(&self, signal: Signal) {
        match signal {
            Signal::GenerationRunning { generation_id, conversation_id } => {
                // A socket that joins later finds it running.
                if !self.io.within(Room::Conversation(conversation_id).to_string()).sockets().is_empty() {
                    self.realtime.relay.watch(generation_id, conversation_id, 0).await;
                }
            }
            Signal::SessionEnded { session_id } => {
                self.realtime.api.sessions.forget(session_id);
                for socket in self.io.within(Room::Session(session_id).to_string()).sockets() {
                    disconnect(&socket);
                }
            }
            Signal::Membership { notebook_id, user_id, role } => {
                let api = &self.realtime.api;
                if role.is_none() {
                    // Before the sockets are looked for: one that comes meanwhile looks again.
                    self.realtime.removals.fetch_add(1, Ordering::AcqRel);
                }
                move_sockets(&self.io, api, notebook_id, user_id, role.is_some()).await;
                self.realtime.announcements.changed(notebook_id);
            }
        }
    }

    /// Runs work beside the pump, until the server stops.
    fn beside(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(self.stop.clone().run_until_cancelled_owned(work));
    }
}

/// Puts a user's sockets into a notebook's room, or takes them out of it and of its conversations.
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
            // A former member must receive nothing more: close the sockets, and let them come back to what they may see.
            tracing::error!(notebook = %notebook_id, %error, "reading the rooms of a removed member failed");
            return sockets.iter().for_each(disconnect);
        }
    };
    let mut rooms: Vec<_> = conversations.iter().map(|c| Room::Conversation(c.id).to_string()).collect();
    rooms.push(room);
    for socket in sockets {
        socket.leave(rooms.clone());
    }
}
