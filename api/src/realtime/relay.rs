//! Generations on their way to the sockets: one tail of a log for all who watch it on this replica.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use collabry_shared::generations::LoggedEvent;
use collabry_shared::ids::{ConversationId, GenerationId};
use collabry_shared::realtime::Room;
use serde::Serialize;
use socketioxide::SocketIo;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::generations::view;
use crate::state::ApiState;

/// After a log that could not be read.
const PAUSE: Duration = Duration::from_secs(1);
/// Failed looks in a row after which a tail gives up.
const FAILURES: u32 = 10;

#[derive(Clone)]
pub(super) struct Relay {
    io: SocketIo,
    api: ApiState,
    tasks: TaskTracker,
    stop: CancellationToken,
    watched: Arc<Mutex<HashSet<GenerationId>>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    generation_id: GenerationId,
    conversation_id: ConversationId,
    #[serde(flatten)]
    logged: &'a LoggedEvent,
}

impl Relay {
    pub fn new(io: SocketIo, api: ApiState, tasks: TaskTracker, stop: CancellationToken) -> Self {
        Self { io, api, tasks, stop, watched: Arc::default() }
    }

    /// Starts the tail of a generation, once.
    pub fn watch(&self, generation: GenerationId, conversation: ConversationId) {
        if !self.watched().insert(generation) {
            return;
        }
        let relay = self.clone();
        self.spawn(async move {
            relay.tail(generation, conversation).await;
            relay.watched().remove(&generation);
        });
    }

    /// Runs work beside the pump, until the server stops.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(self.stop.clone().run_until_cancelled_owned(work));
    }

    fn watched(&self) -> MutexGuard<'_, HashSet<GenerationId>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn tail(&self, generation: GenerationId, conversation: ConversationId) {
        let mut after = 0;
        let mut failures = 0;
        while failures < FAILURES {
            match view::next(&self.api, generation, after).await {
                Ok(None) => return,
                Ok(Some(events)) => {
                    failures = 0;
                    for logged in &events {
                        self.emit(generation, conversation, logged).await;
                        after = logged.event_id;
                        if logged.event.is_final() {
                            return;
                        }
                    }
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(%generation, %error, "generation log unreadable");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        tracing::error!(%generation, "gave up relaying; clients catch up by generation:resume");
    }

    async fn emit(&self, generation_id: GenerationId, conversation_id: ConversationId, logged: &LoggedEvent) {
        let room = Room::Conversation(conversation_id).to_string();
        let name = format!("generation:{}", logged.event.name());
        let payload = Payload { generation_id, conversation_id, logged };
        if let Err(error) = self.io.local().to(room).emit(&name, &payload).await {
            tracing::debug!(%error, generation = %generation_id, "not everyone got an event");
        }
    }
}
