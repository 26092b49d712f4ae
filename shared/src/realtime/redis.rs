//! Fan-out over all replicas.
//!
//! Changes of messages and signals have channels of their own, because api replicas do more with them than deliver
//! them. Every other event goes through the channels of the Socket.IO adapter.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use socketioxide_emitter::{Driver, IoEmitter};
use tokio::sync::{Notify, mpsc};
use tokio_util::task::AbortOnDropHandle;

use super::{Event, FanOut, LocalFanOut, Published, Room, Signal};
use crate::conversations::Message;
use crate::ids::OwnerId;
use crate::redis::{ChannelEvent, Redis, Subscription};
use crate::storage::{StoreError, StoreResult};

/// Messages of a channel that may wait here; what comes beyond is a gap, which the database fills.
const QUEUE: usize = 4096;

/// Between two tries to announce a gap.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// A message on our channels. Releases that run side by side during an update have to agree on the names of the fields.
#[derive(Debug, Serialize, Deserialize)]
struct Envelope<T> {
    #[serde(rename = "by")]
    publisher: OwnerId,
    /// `None`: something could not be published.
    #[serde(rename = "what")]
    content: Option<T>,
}

/// Publishes on one of our channels.
#[derive(Debug)]
struct Publisher {
    redis: Redis,
    process: OwnerId,
    channel: String,
    /// Something could not be published, and the others do not know yet.
    gap: Arc<Notify>,
    _announcing: AbortOnDropHandle<()>,
}

impl Publisher {
    fn new(redis: Redis, process: OwnerId, channel: String) -> Self {
        let gap = Arc::<Notify>::default();
        let announcing = announce_gaps(redis.clone(), process, channel.clone(), Arc::clone(&gap));
        Self { redis, process, channel, gap, _announcing: AbortOnDropHandle::new(tokio::spawn(announcing)) }
    }

    /// What cannot be published is not lost: the others learn that they missed something, and read the database.
    async fn publish<T: Serialize + Sync>(&self, content: &T) {
        if let Err(error) = publish(&self.redis, &self.channel, self.process, Some(content)).await {
            tracing::debug!(%error, channel = self.channel, "publishing failed; a gap will be announced");
            self.gap.notify_one();
        }
    }
}

async fn publish<T: Serialize>(
    redis: &Redis,
    channel: &str,
    publisher: OwnerId,
    content: Option<T>,
) -> StoreResult<()> {
    let envelope = Envelope { publisher, content };
    let envelope = serde_json::to_vec(&envelope).map_err(|error| StoreError::Damaged(error.to_string()))?;
    redis.publish(channel, &envelope).await
}

/// Tells the others that they missed something, as soon as Redis takes it. Runs until it is dropped.
async fn announce_gaps(redis: Redis, process: OwnerId, channel: String, gap: Arc<Notify>) {
    loop {
        gap.notified().await;
        while let Err(error) = publish(&redis, &channel, process, None::<()>).await {
            tracing::debug!(%error, channel, "announcing a gap failed");
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }
}

/// The fan-out of a process with sockets: what it publishes is delivered to them at once, Redis or not.
#[derive(Debug)]
pub struct RedisFanOut {
    here: LocalFanOut,
    changes: Publisher,
    signals: Publisher,
    _listening: [AbortOnDropHandle<()>; 2],
}

impl RedisFanOut {
    /// The publishing end, and the end that the api reads: what this process published and what it received of others.
    pub async fn new(redis: Redis, process: OwnerId) -> (Self, mpsc::Receiver<Published>) {
        let (here, published) = LocalFanOut::new();
        let messages = redis.subscribe(redis.channels().messages(), QUEUE).await;
        let control = redis.subscribe(redis.channels().control(), QUEUE).await;
        let change = |message: Message| Published::Changed(Arc::new(message));
        let listening = [
            tokio::spawn(listen(messages, process, here.clone(), change, Published::MissedChanges)),
            tokio::spawn(listen(control, process, here.clone(), Published::Signal, Published::MissedSignals)),
        ];
        let [changes, signals] = publishers(&redis, process);
        (Self { here, changes, signals, _listening: listening.map(AbortOnDropHandle::new) }, published)
    }
}

/// For changes of messages, and for signals.
fn publishers(redis: &Redis, process: OwnerId) -> [Publisher; 2] {
    let channels = redis.channels();
    [channels.messages(), channels.control()].map(|channel| Publisher::new(redis.clone(), process, channel))
}

/// Passes on what the others published. Runs until it is dropped.
async fn listen<T: DeserializeOwned>(
    mut subscription: Subscription,
    process: OwnerId,
    here: LocalFanOut,
    received: impl Fn(T) -> Published,
    missed: Published,
) {
    while let Some(incoming) = subscription.next().await {
        match incoming {
            ChannelEvent::Gap => here.send(missed.clone()).await,
            ChannelEvent::Message(envelope) => match serde_json::from_slice::<Envelope<T>>(&envelope) {
                Ok(envelope) if envelope.publisher == process => {}
                Ok(envelope) => here.send(envelope.content.map_or_else(|| missed.clone(), &received)).await,
                Err(error) => {
                    // From another release: the database knows.
                    tracing::warn!(%error, "undecodable pub/sub message");
                    here.send(missed.clone()).await;
                }
            },
        }
    }
}

#[async_trait]
impl FanOut for RedisFanOut {
    async fn changed(&self, message: Arc<Message>) {
        self.here.send(Published::Changed(Arc::clone(&message))).await;
        self.changes.publish(&*message).await;
    }

    async fn emit(&self, room: Room, event: Event) {
        self.here.send(Published::Event(room, event)).await;
    }

    async fn signal(&self, signal: Signal) {
        self.here.send(Published::Signal(signal.clone())).await;
        self.signals.publish(&signal).await;
    }
}

/// The fan-out of a process without sockets.
#[derive(Debug)]
pub struct RedisEmitter {
    redis: Redis,
    changes: Publisher,
    signals: Publisher,
}

impl RedisEmitter {
    pub fn new(redis: Redis, process: OwnerId) -> Arc<Self> {
        let [changes, signals] = publishers(&redis, process);
        Arc::new(Self { redis, changes, signals })
    }
}

#[async_trait]
impl FanOut for RedisEmitter {
    async fn changed(&self, message: Arc<Message>) {
        self.changes.publish(&*message).await;
    }

    async fn emit(&self, room: Room, event: Event) {
        let (room, left_out) = room.audience();
        let emitter = IoEmitter::new().prefix(self.redis.channels().sockets()).to(room.to_string());
        let emitter = match left_out {
            Some(left_out) => emitter.except(left_out.to_string()),
            None => emitter,
        };
        if let Err(error) = emitter.emit(event.name(), &event, &Channel(&self.redis)).await {
            tracing::debug!(%error, %room, event = event.name(), "emitting an event failed");
        }
    }

    async fn signal(&self, signal: Signal) {
        self.signals.publish(&signal).await;
    }
}

struct Channel<'a>(&'a Redis);

impl Driver for Channel<'_> {
    type Error = StoreError;

    async fn emit(&self, channel: String, data: Vec<u8>) -> StoreResult<()> {
        self.0.publish(&channel, &data).await
    }
}
