//! Fan-out over all replicas.
//!
//! Changes of messages and signals have a channel of their own, because api replicas do more with them than hand them
//! on. Every other event goes through the channels of the Socket.IO adapter.

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

/// After a word of loss that did not get through either.
const TRY_AGAIN: Duration = Duration::from_millis(250);

/// What is said on our channels, and by whom; nothing: something was said that did not get through.
#[derive(Debug, Serialize, Deserialize)]
struct Said<T> {
    by: OwnerId,
    what: Option<T>,
}

/// A process's voice on one of our channels.
#[derive(Debug)]
struct Voice {
    redis: Redis,
    process: OwnerId,
    channel: String,
    /// The others are owed word that they missed something.
    owed: Arc<Notify>,
    _owning_up: AbortOnDropHandle<()>,
}

impl Voice {
    fn new(redis: Redis, process: OwnerId, channel: String) -> Self {
        let owed = Arc::<Notify>::default();
        let owning_up = own_up(redis.clone(), process, channel.clone(), Arc::clone(&owed));
        Self { redis, process, channel, owed, _owning_up: AbortOnDropHandle::new(tokio::spawn(owning_up)) }
    }

    /// What does not get through is not lost: the others hear that they missed something, and look.
    async fn say<T: Serialize>(&self, what: &T) {
        if let Err(error) = publish(&self.redis, &self.channel, self.process, Some(what)).await {
            tracing::debug!(%error, channel = self.channel, "the other replicas will hear that they missed something");
            self.owed.notify_one();
        }
    }
}

async fn publish<T: Serialize>(redis: &Redis, channel: &str, by: OwnerId, what: Option<T>) -> StoreResult<()> {
    let said = serde_json::to_vec(&Said { by, what }).map_err(|error| StoreError::Damaged(error.to_string()))?;
    redis.publish(channel, &said).await
}

/// Tells the others that they missed something, as soon as they can be told. Runs until it is dropped.
async fn own_up(redis: Redis, process: OwnerId, channel: String, owed: Arc<Notify>) {
    loop {
        owed.notified().await;
        while let Err(error) = publish(&redis, &channel, process, None::<()>).await {
            tracing::debug!(%error, channel, "the others cannot be told yet");
            tokio::time::sleep(TRY_AGAIN).await;
        }
    }
}

/// Of a process with sockets: what it publishes is delivered to them at once, Redis or not.
#[derive(Debug)]
pub struct RedisFanOut {
    here: LocalFanOut,
    changes: Voice,
    signals: Voice,
    _listening: [AbortOnDropHandle<()>; 2],
}

impl RedisFanOut {
    /// The publishing end, and the end that the api reads: what this process published and what it heard of others.
    pub async fn new(redis: Redis, process: OwnerId) -> (Self, mpsc::Receiver<Published>) {
        let (here, published) = LocalFanOut::new();
        let messages = redis.subscribe(redis.channels().messages(), QUEUE).await;
        let control = redis.subscribe(redis.channels().control(), QUEUE).await;
        let change = |message: Message| {
            let room = Room::Conversation(message.conversation_id);
            Published::Emit(room, Event::of_change(message))
        };
        let listening = [
            tokio::spawn(listen(messages, process, here.clone(), change, Published::MissedChanges)),
            tokio::spawn(listen(control, process, here.clone(), Published::Signal, Published::MissedSignals)),
        ];
        let [changes, signals] = voices(&redis, process);
        (Self { here, changes, signals, _listening: listening.map(AbortOnDropHandle::new) }, published)
    }
}

/// For changes of messages, and for signals.
fn voices(redis: &Redis, process: OwnerId) -> [Voice; 2] {
    let channels = redis.channels();
    [channels.messages(), channels.control()].map(|channel| Voice::new(redis.clone(), process, channel))
}

/// Hands on what the others said. Runs until it is dropped.
async fn listen<T: DeserializeOwned>(
    mut subscription: Subscription,
    process: OwnerId,
    here: LocalFanOut,
    hear: impl Fn(T) -> Published,
    missed: Published,
) {
    while let Some(heard) = subscription.next().await {
        match heard {
            ChannelEvent::Gap => here.send(missed.clone()).await,
            ChannelEvent::Message(said) => match serde_json::from_slice::<Said<T>>(&said) {
                Ok(said) if said.by == process => {}
                Ok(said) => here.send(said.what.map_or_else(|| missed.clone(), &hear)).await,
                Err(error) => {
                    // Of another version: the database knows.
                    tracing::warn!(%error, "undecodable pub/sub message");
                    here.send(missed.clone()).await;
                }
            },
        }
    }
}

#[async_trait]
impl FanOut for RedisFanOut {
    async fn emit(&self, room: Room, event: Event) {
        let changed = event.message().cloned();
        self.here.send(Published::Emit(room, event)).await;
        if let Some(message) = changed {
            self.changes.say(&message).await;
        }
    }

    async fn signal(&self, signal: Signal) {
        self.here.send(Published::Signal(signal.clone())).await;
        self.signals.say(&signal).await;
    }
}

/// Of a process without sockets.
#[derive(Debug)]
pub struct RedisEmitter {
    redis: Redis,
    changes: Voice,
    signals: Voice,
}

impl RedisEmitter {
    pub fn new(redis: Redis, process: OwnerId) -> Arc<Self> {
        let [changes, signals] = voices(&redis, process);
        Arc::new(Self { redis, changes, signals })
    }
}

#[async_trait]
impl FanOut for RedisEmitter {
    async fn emit(&self, room: Room, event: Event) {
        if let Some(message) = event.message() {
            return self.changes.say(message).await;
        }
        let payload = match event.payload() {
            Ok(payload) => payload,
            Err(error) => return tracing::error!(%error, event = event.name(), "an event that is not JSON"),
        };
        let emitter = IoEmitter::new().prefix(self.redis.channels().sockets()).to(room.to_string());
        if let Err(error) = emitter.emit(event.name(), &payload, &Channel(&self.redis)).await {
            tracing::debug!(%error, %room, event = event.name(), "an event reached nobody");
        }
    }

    async fn signal(&self, signal: Signal) {
        self.signals.say(&signal).await;
    }
}

struct Channel<'a>(&'a Redis);

impl Driver for Channel<'_> {
    type Error = StoreError;

    async fn emit(&self, channel: String, data: Vec<u8>) -> StoreResult<()> {
        self.0.publish(&channel, &data).await
    }
}
