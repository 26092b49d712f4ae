//! The order of messages: for each conversation that is open on this replica, one task sends its sockets the changes by
//! rev, each once, whatever way and in whatever order they arrive. What is missing in between is read from the
//! database, which is also checked now and then: a change whose publisher died still arrives.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use collabry_shared::conversations::Message;
use collabry_shared::ids::ConversationId;
use collabry_shared::realtime::{ChangedMessage, MessageChange, Room};
use collabry_shared::storage::StoreError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior};

use super::losses::Losses;
use super::{IN_ONE_GO, losses, relay};
use crate::http::ApiResult;
use crate::realtime::adapter::SocketIo;
use crate::state::ApiState;

/// Conversations are spread over so many partitions, so that one which waits for the database does not delay all.
const PARTITIONS: usize = 8;
/// Updates that may wait for a partition; beyond it their senders wait.
const QUEUE: usize = 256;
/// Changes read at once.
const PAGE: u32 = 500;
const CATCH_UP_EVERY: Duration = Duration::from_secs(1);
/// Between two checks of the database without a reason.
const CHECK_EVERY: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(in crate::realtime) enum Update {
    Changed(Arc<Message>),
    /// A socket is in the room: from now on it is sent the changes of its conversation.
    Opened(ConversationId, u64, oneshot::Sender<()>),
    MissedChanges,
    MissedSignals,
}

/// The way to the partitions. Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::realtime) struct Sequencer {
    partitions: Arc<[mpsc::Sender<Update>]>,
    /// So that a conversation is always in the same partition.
    hasher: Arc<RandomState>,
}

/// The other ends, to be run by [`run`].
pub(in crate::realtime) type Partitions = Vec<mpsc::Receiver<Update>>;

impl Sequencer {
    pub fn new() -> (Self, Partitions) {
        let (senders, receivers): (Vec<_>, _) = (0..PARTITIONS).map(|_| mpsc::channel(QUEUE)).unzip();
        (Self { partitions: senders.into(), hasher: Arc::default() }, receivers)
    }

    /// A message changed.
    pub async fn changed(&self, message: Arc<Message>) {
        self.send_to(message.conversation_id, Update::Changed(message)).await;
    }

    /// Begins to send the sockets of a conversation what changes after `head`. Call it once they are in its room: what is
    /// in the log by then, they read themselves. With a head from before, some changes are sent twice, which clients expect.
    pub async fn open(&self, conversation: ConversationId, head: u64) -> ApiResult<()> {
        let (reply, opened) = oneshot::channel();
        self.send_to(conversation, Update::Opened(conversation, head, reply)).await;
        opened.await.map_err(|_| StoreError::Unavailable("the server is ending".to_owned()).into())
    }

    /// Looks for changes that were not published.
    pub async fn missed_changes(&self) {
        self.send_to_all(|| Update::MissedChanges).await;
    }

    /// Looks for running answers that were not published.
    pub async fn missed_signals(&self) {
        self.send_to_all(|| Update::MissedSignals).await;
    }

    async fn send_to_all(&self, update: impl Fn() -> Update) {
        for partition in self.partitions.iter() {
            send(partition, update()).await;
        }
    }

    async fn send_to(&self, conversation: ConversationId, update: Update) {
        let mut hasher = self.hasher.build_hasher();
        std::hash::Hash::hash(&conversation, &mut hasher);
        let partition = usize::try_from(hasher.finish() % PARTITIONS as u64).unwrap_or_default();
        send(&self.partitions[partition], update).await;
    }
}

async fn send(partition: &mpsc::Sender<Update>, update: Update) {
    if partition.send(update).await.is_err() {
        // The process is ending and clients will catch up elsewhere.
        tracing::debug!("update dropped: the sequencer has ended");
    }
}

/// Runs one partition until nobody can send to it any more.
pub(in crate::realtime) async fn run(
    io: SocketIo,
    api: ApiState,
    relay: relay::Handle,
    losses: Losses,
    mut updates: mpsc::Receiver<Update>,
) {
    let mut partition = Partition { io, api, relay, losses, open: HashMap::new() };
    let mut ticks = tokio::time::interval(CATCH_UP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            update = updates.recv() => match update {
                Some(update) => partition.apply(update).await,
                None => return,
            },
            _ = ticks.tick() => partition.catch_up().await,
        }
    }
}

struct Partition {
    io: SocketIo,
    api: ApiState,
    relay: relay::Handle,
    losses: Losses,
    open: HashMap<ConversationId, Sequence>,
}

struct Sequence {
    /// The rev up to which the sockets were sent all changes.
    sent: u64,
    /// Reading changes from the database failed, and has to be done again.
    behind: bool,
    /// Reading the running answers failed, and has to be done again.
    unrelayed: bool,
    checked: Instant,
}

impl From<u64> for Sequence {
    fn from(head: u64) -> Self {
        Self { sent: head, behind: false, unrelayed: false, checked: Instant::now() }
    }
}

impl Partition {
    async fn apply(&mut self, update: Update) {
        match update {
            Update::Changed(message) => self.changed(&message).await,
            Update::Opened(id, head, reply) => {
                self.open.entry(id).or_insert_with(|| Sequence::from(head));
                if reply.send(()).is_err() {
                    tracing::debug!(conversation = %id, "a socket left while its conversation was opened");
                }
            }
            Update::MissedChanges => {
                for id in self.open.keys().copied().collect::<Vec<_>>() {
                    self.fill(id).await;
                }
            }
            Update::MissedSignals => {
                for id in self.open.keys().copied().collect::<Vec<_>>() {
                    self.relay_running(id).await;
                }
            }
        }
    }

    async fn changed(&mut self, message: &Message) {
        let id = message.conversation_id;
        let Some(sequence) = self.open.get_mut(&id) else { return };
        if message.rev <= sequence.sent {
            return;
        }
        if message.rev == sequence.sent + 1 {
            let before = sequence.sent;
            sequence.sent = message.rev;
            return self.deliver(message, before).await;
        }
        self.fill(id).await;
    }

    /// Sends what the database has beyond what was sent.
    async fn fill(&mut self, id: ConversationId) {
        while let Some(sequence) = self.open.get_mut(&id) {
            sequence.checked = Instant::now();
            let missed = match self.api.stores.conversations.changes_since(id, sequence.sent, PAGE).await {
                Ok(missed) => missed,
                Err(error) => {
                    sequence.behind = true;
                    return tracing::warn!(conversation = %id, %error, "reading missed changes failed");
                }
            };
            sequence.behind = false;
            let before = sequence.sent;
            sequence.sent = missed.messages.last().map_or(sequence.sent, |last| last.rev);
            let more = !missed.complete && !missed.messages.is_empty();
            for (n, message) in missed.messages.iter().enumerate() {
                self.deliver(message, before).await;
                if (n + 1) % IN_ONE_GO == 0 {
                    tokio::task::yield_now().await;
                }
            }
            if !more {
                return;
            }
        }
    }

    /// Sends the sockets a change that came after the rev `before`.
    async fn deliver(&self, message: &Message, before: u64) {
        let (id, generation) = (message.conversation_id, message.generation_id.filter(|_| message.position > before));
        self.emit(message).await;
        if let Some(generation) = generation {
            // The signal that it runs may be lost, or come after its end. Its question and its answer are not: without
            // this, sockets would wait for an end that this replica does not know of.
            self.relay.watch(generation, id, 0).await;
        }
    }

    /// Sends a change to the sockets of this replica.
    async fn emit(&self, message: &Message) {
        let (id, event) = (message.conversation_id, MessageChange::of(message).name());
        let room = Room::Conversation(id).to_string();
        let sent = self.io.local().to(room).emit(event, &ChangedMessage { message }).await;
        self.api.metrics.realtime.emitted(event, sent.is_ok());
        if let Err(error) = sent {
            if losses::is_loss(&error) {
                self.losses.change(id, message.rev);
            }
            tracing::debug!(%error, conversation = %id, event, "emitting an event failed");
        }
    }

    async fn relay_running(&mut self, id: ConversationId) {
        let running = self.api.stores.generations.unfinished_in(id).await;
        if let Some(sequence) = self.open.get_mut(&id) {
            sequence.unrelayed = running.is_err();
        }
        match running {
            Ok(running) => {
                for generation in running {
                    self.relay.watch(generation.id, id, 0).await;
                }
            }
            Err(error) => tracing::warn!(conversation = %id, %error, "reading running answers failed"),
        }
    }

    /// Catches up where reading failed, drops what nobody watches, and checks what was not checked for a while.
    async fn catch_up(&mut self) {
        for id in self.open.iter().filter(|(_, one)| one.unrelayed).map(|(id, _)| *id).collect::<Vec<_>>() {
            self.relay_running(id).await;
        }
        let due: Vec<_> =
            self.open.iter().filter(|(_, one)| one.behind || one.checked.elapsed() > CHECK_EVERY).collect();
        for id in due.into_iter().map(|(id, _)| *id).collect::<Vec<_>>() {
            // A socket that joins is in the room before this partition knows of it, so none is forgotten between the two.
            if self.io.within(Room::Conversation(id).to_string()).sockets().is_empty() {
                self.open.remove(&id);
            } else {
                self.fill(id).await;
            }
        }
    }
}
