//! Generations on their way to the sockets: one tail of a log for all who watch it on this replica.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use collabry_shared::generations::{EventId, GenerationEvent, LoggedEvent};
use collabry_shared::ids::{ConversationId, GenerationId};
use collabry_shared::realtime::Room;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use utoipa::ToSchema;

use super::IN_ONE_GO;
use super::losses::{self, Losses};
use crate::generations::view::GenerationEvents;
use crate::realtime::adapter::SocketIo;
use crate::state::ApiState;

/// After a log that could not be read.
const PAUSE: Duration = Duration::from_secs(1);
/// Failed reads in a row after which a tail gives up.
const FAILURES: u32 = 60;
/// Generations that are over and still remembered: the signal that one has begun may come after its end, and none may be
/// sent twice.
const REMEMBERED: usize = 4096;
/// Requests that may wait to be begun.
const QUEUE: usize = 256;

/// The way to the relay. Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::realtime) struct Handle(mpsc::Sender<Watch>);

#[derive(Debug)]
pub(in crate::realtime) struct Watch {
    generation: GenerationId,
    conversation: ConversationId,
    after: EventId,
}

/// How a tail ended.
enum Ended {
    /// With the last event.
    Over(GenerationId),
    /// The log could not be read: it may be watched again.
    GaveUp(GenerationId),
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::realtime) struct Payload<'a> {
    generation_id: GenerationId,
    conversation_id: ConversationId,
    #[serde(flatten)]
    logged: &'a LoggedEvent,
}

impl Handle {
    pub fn new() -> (Self, mpsc::Receiver<Watch>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self(sender), receiver)
    }

    /// Sends the sockets of a conversation the events after `after`, unless that has begun already.
    pub async fn watch(&self, generation: GenerationId, conversation: ConversationId, after: EventId) {
        if self.0.send(Watch { generation, conversation, after }).await.is_err() {
            tracing::debug!(%generation, "watch request dropped: the relay has ended");
        }
    }
}

/// Runs the tails until it is dropped.
pub(in crate::realtime) async fn run(io: SocketIo, api: ApiState, losses: Losses, mut requests: mpsc::Receiver<Watch>) {
    let (mut watched, mut over) = (HashSet::new(), VecDeque::new());
    let mut tails = JoinSet::new();
    loop {
        tokio::select! {
            request = requests.recv() => match request {
                Some(watch) if watched.insert(watch.generation) => {
                    tails.spawn(tail(io.clone(), api.clone(), losses.clone(), watch));
                }
                Some(_) => {}
                None => return,
            },
            Some(ended) = tails.join_next() => match ended {
                Ok(Ended::Over(generation)) => {
                    over.push_back(generation);
                    if over.len() > REMEMBERED && let Some(oldest) = over.pop_front() {
                        watched.remove(&oldest);
                    }
                }
                Ok(Ended::GaveUp(generation)) => {
                    watched.remove(&generation);
                }
                Err(error) => tracing::error!(%error, "a relay panicked"),
            },
        }
    }
}

async fn tail(io: SocketIo, api: ApiState, losses: Losses, watch: Watch) -> Ended {
    let Watch { generation, conversation, after } = watch;
    let mut tail = GenerationEvents::new(api.clone(), generation, after);
    let mut failures = 0;
    while failures < FAILURES {
        match tail.next().await {
            Ok(None) => return Ended::Over(generation),
            Ok(Some(events)) => {
                failures = 0;
                for some in events.chunks(IN_ONE_GO) {
                    for logged in some {
                        if !emit(&io, &api, generation, conversation, logged).await {
                            losses.event(conversation, generation, logged.event_id);
                        }
                    }
                    tokio::task::yield_now().await;
                }
            }
            Err(error) => {
                failures += 1;
                if failures == 1 {
                    tracing::warn!(%generation, %error, "reading the log of a generation failed; the relay tries again");
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    tracing::error!(%generation, "gave up relaying; clients catch up by generation:resume");
    Ended::GaveUp(generation)
}

/// Returns whether the event fitted into the buffer of every socket in the room.
async fn emit(
    io: &SocketIo,
    api: &ApiState,
    generation_id: GenerationId,
    conversation_id: ConversationId,
    logged: &LoggedEvent,
) -> bool {
    let room = Room::Conversation(conversation_id).to_string();
    let name = socket_name(&logged.event);
    let payload = Payload { generation_id, conversation_id, logged };
    let sent = io.local().to(room).emit(name, &payload).await;
    api.metrics.realtime.emitted(name, sent.is_ok());
    let Err(error) = sent else { return true };
    tracing::debug!(%error, generation = %generation_id, "emitting an event failed");
    !losses::is_loss(&error)
}

fn socket_name(event: &GenerationEvent) -> &'static str {
    match event {
        GenerationEvent::Started { .. } => "generation:started",
        GenerationEvent::Citations { .. } => "generation:citations",
        GenerationEvent::Delta { .. } => "generation:delta",
        GenerationEvent::Done { .. } => "generation:done",
        GenerationEvent::Failed { .. } => "generation:failed",
    }
}
