//! Packets that did not fit into a slow client's buffer. A client notices a gap only when a later packet arrives, so every
//! socket in the room is told what it should have by now, as soon as its buffer has room.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use collabry_shared::generations::EventId;
use collabry_shared::ids::{ConversationId, GenerationId};
use collabry_shared::realtime::Room;
use serde::Serialize;
use socketioxide::socket::Sid;
use socketioxide::{BroadcastError, SendError, SocketError};
use utoipa::ToSchema;

use crate::realtime::adapter::SocketIo;
use crate::realtime::metrics::Metrics;
use crate::state::ApiState;

pub(in crate::realtime) const CHECK: &str = "conversation:check";
const TRY_EVERY: Duration = Duration::from_secs(1);

/// Conversations of which some socket lost something. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(in crate::realtime) struct Losses(Arc<Mutex<Lost>>);

type Lost = HashMap<ConversationId, Due>;

/// What a client of the conversation should have.
#[derive(Debug, Clone, Default)]
struct Due {
    rev: u64,
    generations: BTreeMap<GenerationId, EventId>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::realtime) struct Check {
    conversation_id: ConversationId,
    /// 0: nothing is said of them.
    rev: u64,
    #[schema(inline)]
    generations: Vec<UpTo>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UpTo {
    generation_id: GenerationId,
    #[schema(value_type = u64)]
    last_event_id: EventId,
}

impl Losses {
    /// A change of a message did not reach everyone.
    pub fn change(&self, conversation: ConversationId, rev: u64) {
        self.note(conversation, |due| due.rev = due.rev.max(rev));
    }

    /// An event of an answer did not reach everyone.
    pub fn event(&self, conversation: ConversationId, generation: GenerationId, id: EventId) {
        self.note(conversation, |due| due.raise(generation, id));
    }

    fn note(&self, conversation: ConversationId, change: impl FnOnce(&mut Due)) {
        change(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(conversation).or_default());
    }

    fn take(&self) -> Lost {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Due {
    fn raise(&mut self, generation: GenerationId, id: EventId) {
        let last = self.generations.entry(generation).or_default();
        *last = id.max(*last);
    }

    fn merge(&mut self, other: &Self) {
        self.rev = self.rev.max(other.rev);
        for (generation, id) in &other.generations {
            self.raise(*generation, *id);
        }
    }

    fn check(&self, conversation_id: ConversationId) -> Check {
        let up_to = |(id, last): (&GenerationId, &EventId)| UpTo { generation_id: *id, last_event_id: *last };
        Check { conversation_id, rev: self.rev, generations: self.generations.iter().map(up_to).collect() }
    }
}

/// Whether the buffer of some connected socket had no room for what its room was sent.
pub(in crate::realtime) fn is_loss(error: &BroadcastError) -> bool {
    matches!(error, BroadcastError::Socket(errors) if errors.iter().any(|error| matches!(error, SocketError::InternalChannelFull)))
}

/// Sends the checks that are due, until it is dropped.
pub(in crate::realtime) async fn announce(io: SocketIo, losses: Losses, api: ApiState) {
    // Kept per socket, so that only a socket whose buffer is still full is tried again, until it has room or is closed.
    let mut owed: HashMap<(Sid, ConversationId), Due> = HashMap::new();
    let mut ticks = tokio::time::interval(TRY_EVERY);
    loop {
        ticks.tick().await;
        for (conversation, due) in losses.take() {
            for socket in io.within(Room::Conversation(conversation).to_string()).sockets() {
                owed.entry((socket.id, conversation)).or_default().merge(&due);
            }
        }
        owed.retain(|(sid, conversation), due| !is_settled(&io, *sid, *conversation, due, &api.metrics.realtime));
    }
}

/// Whether there is nothing more to tell this socket.
fn is_settled(io: &SocketIo, sid: Sid, conversation: ConversationId, due: &Due, metrics: &Metrics) -> bool {
    let Some(socket) = io.get_socket(sid) else { return true };
    let room = Room::Conversation(conversation).to_string();
    if !socket.rooms().iter().any(|joined| *joined == room) {
        return true;
    }
    let sent = socket.emit(CHECK, &due.check(conversation));
    metrics.emitted(CHECK, sent.is_ok());
    !matches!(sent, Err(SendError::Socket(SocketError::InternalChannelFull)))
}
