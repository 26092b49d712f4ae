//! The order of messages: each conversation that is open on this replica has one place that tells its sockets of
//! changes, by rev, each once, whatever way and in whatever order the news came. What is missing in between is read
//! from the database, which is also looked at now and then: news whose bearer died still arrive.

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

/// Conversations are spread over so many lanes, so that one which waits for the database does not keep up all.
const LANES: usize = 8;
/// News that may wait for a lane; beyond it their bearers wait.
const QUEUE: usize = 256;
/// Changes read at once.
const PAGE: u32 = 500;
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Between two looks at the database without a reason.
const CHECK_EVERY: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(in crate::realtime) enum News {
    Changed(Arc<Message>),
    /// A socket is in the room: from now on its conversation is told of.
    Opened(ConversationId, u64, oneshot::Sender<()>),
    MissedChanges,
    MissedSignals,
}

/// The way to the lanes. Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::realtime) struct Sequencer {
    lanes: Arc<[mpsc::Sender<News>]>,
    /// So that a conversation always has the same lane.
    hasher: Arc<RandomState>,
}

/// The other ends, to be run by [`run`].
pub(in crate::realtime) type Lanes = Vec<mpsc::Receiver<News>>;

impl Sequencer {
    pub fn new() -> (Self, Lanes) {
        let (lanes, receivers): (Vec<_>, _) = (0..LANES).map(|_| mpsc::channel(QUEUE)).unzip();
        (Self { lanes: lanes.into(), hasher: Arc::default() }, receivers)
    }

    /// A message changed.
    pub async fn changed(&self, message: Arc<Message>) {
        self.tell(message.conversation_id, News::Changed(message)).await;
    }

    /// Begins to tell the sockets of a conversation what changes after `head`. To be called when they are in its room: what
    /// is in the log then and read by them needs no telling. A head from before that is told of twice, which clients expect.
    pub async fn open(&self, conversation: ConversationId, head: u64) -> ApiResult<()> {
        let (reply, opened) = oneshot::channel();
        self.tell(conversation, News::Opened(conversation, head, reply)).await;
        opened.await.map_err(|_| StoreError::Unavailable("the server is ending".to_owned()).into())
    }

    /// Looks for changes that nobody told of.
    pub async fn missed_changes(&self) {
        self.tell_all(|| News::MissedChanges).await;
    }

    /// Looks for running answers that nobody told of.
    pub async fn missed_signals(&self) {
        self.tell_all(|| News::MissedSignals).await;
    }

    async fn tell_all(&self, news: impl Fn() -> News) {
        for lane in self.lanes.iter() {
            send(lane, news()).await;
        }
    }

    async fn tell(&self, conversation: ConversationId, news: News) {
        let mut hasher = self.hasher.build_hasher();
        std::hash::Hash::hash(&conversation, &mut hasher);
        let lane = usize::try_from(hasher.finish() % LANES as u64).unwrap_or_default();
        send(&self.lanes[lane], news).await;
    }
}

async fn send(lane: &mpsc::Sender<News>, news: News) {
    if lane.send(news).await.is_err() {
        // The process is ending and clients will catch up elsewhere.
        tracing::debug!("news after the sequencer ended");
    }
}

/// Runs one lane until its ways in are gone.
pub(in crate::realtime) async fn run(
    io: SocketIo,
    api: ApiState,
    relay: relay::Handle,
    losses: Losses,
    mut news: mpsc::Receiver<News>,
) {
    let mut lane = Lane { io, api, relay, losses, open: HashMap::new() };
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            news = news.recv() => match news {
                Some(news) => lane.hear(news).await,
                None => return,
            },
            _ = ticks.tick() => lane.look().await,
        }
    }
}

struct Lane {
    io: SocketIo,
    api: ApiState,
    relay: relay::Handle,
    losses: Losses,
    open: HashMap<ConversationId, Sequence>,
}

struct Sequence {
    /// What the sockets were told of.
    told: u64,
    /// The database could not be asked for changes when it had to be.
    behind: bool,
    /// The database could not be asked for running answers when it had to be.
    unrelayed: bool,
    checked: Instant,
}

impl From<u64> for Sequence {
    fn from(head: u64) -> Self {
        Self { told: head, behind: false, unrelayed: false, checked: Instant::now() }
    }
}

impl Lane {
    async fn hear(&mut self, news: News) {
        match news {
            News::Changed(message) => self.changed(&message).await,
            News::Opened(id, head, reply) => {
                self.open.entry(id).or_insert_with(|| Sequence::from(head));
                if reply.send(()).is_err() {
                    tracing::debug!(conversation = %id, "who joined is gone already");
                }
            }
            News::MissedChanges => {
                for id in self.open.keys().copied().collect::<Vec<_>>() {
                    self.fill(id).await;
                }
            }
            News::MissedSignals => {
                for id in self.open.keys().copied().collect::<Vec<_>>() {
                    self.relay_running(id).await;
                }
            }
        }
    }

    async fn changed(&mut self, message: &Message) {
        let id = message.conversation_id;
        let Some(sequence) = self.open.get_mut(&id) else { return };
        if message.rev <= sequence.told {
            return;
        }
        if message.rev == sequence.told + 1 {
            let before = sequence.told;
            sequence.told = message.rev;
            return self.tell(message, before).await;
        }
        self.fill(id).await;
    }

    /// Tells what the database has beyond what was told.
    async fn fill(&mut self, id: ConversationId) {
        while let Some(sequence) = self.open.get_mut(&id) {
            sequence.checked = Instant::now();
            let missed = match self.api.stores.conversations.changes_since(id, sequence.told, PAGE).await {
                Ok(missed) => missed,
                Err(error) => {
                    sequence.behind = true;
                    return tracing::warn!(conversation = %id, %error, "what is missing cannot be read yet");
                }
            };
            sequence.behind = false;
            let before = sequence.told;
            sequence.told = missed.messages.last().map_or(sequence.told, |last| last.rev);
            let more = !missed.complete && !missed.messages.is_empty();
            for (n, message) in missed.messages.iter().enumerate() {
                self.tell(message, before).await;
                if (n + 1) % IN_ONE_GO == 0 {
                    tokio::task::yield_now().await;
                }
            }
            if !more {
                return;
            }
        }
    }

    /// Tells the sockets of a change that came after the rev `before`.
    async fn tell(&self, message: &Message, before: u64) {
        let (id, generation) = (message.conversation_id, message.generation_id.filter(|_| message.position > before));
        self.emit(message).await;
        if let Some(generation) = generation {
            // The signal that it runs may be lost, or come after its end. Its question and its answer are not: without
            // this, sockets would wait for an end that this replica does not know of.
            self.relay.watch(generation, id, 0).await;
        }
    }

    /// Tells those who are connected to this replica.
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
            Err(error) => tracing::warn!(conversation = %id, %error, "running answers are not known yet"),
        }
    }

    /// Catches up where it could not, lets go of what nobody watches, and checks what was not checked for a while.
    async fn look(&mut self) {
        for id in self.open.iter().filter(|(_, one)| one.unrelayed).map(|(id, _)| *id).collect::<Vec<_>>() {
            self.relay_running(id).await;
        }
        let due: Vec<_> =
            self.open.iter().filter(|(_, one)| one.behind || one.checked.elapsed() > CHECK_EVERY).collect();
        for id in due.into_iter().map(|(id, _)| *id).collect::<Vec<_>>() {
            // Who joins is in the room before this lane hears of it, so nobody is forgotten between the two.
            if self.io.within(Room::Conversation(id).to_string()).sockets().is_empty() {
                self.open.remove(&id);
            } else {
                self.fill(id).await;
            }
        }
    }
}
