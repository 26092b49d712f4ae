//! Fan-out over all replicas.
//!
//! Changes of messages and signals have a channel of their own, because api replicas do more with them than hand them
//! on. Every other event goes through the channels of the Socket.IO adapter.

use std::sync::Arc;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use socketioxide_emitter::{Driver, IoEmitter};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::{Event, FanOut, LocalFanOut, Published, Room, Signal};
use crate::conversations::Message;
use crate::ids::OwnerId;
use crate::redis::{Heard, Redis, Subscription};
use crate::storage::{StoreError, StoreResult};

/// Messages of a channel that may wait here; what comes beyond is a gap, which the database fills.
const QUEUE: usize = 4096;

/// What is said on our channels, and by whom.
#[derive(Debug, Serialize, Deserialize)]
struct Said<T> {
    by: OwnerId,
    what: T,
}

/// A process's voice on our channels.
#[derive(Debug, Clone)]
struct Speaker {
    redis: Redis,
    process: OwnerId,
}

impl Speaker {
    /// Best effort: once Redis is back, everyone looks at what they may have missed.
    async fn say<T: Serialize>(&self, channel: &str, what: &T) {
        let said = match serde_json::to_vec(&Said { by: self.process, what }) {
            Ok(said) => said,
            Err(error) => return tracing::error!(%error, "something that is not JSON"),
        };
        if let Err(error) = self.redis.publish(channel, &said).await {
            tracing::debug!(%error, channel, "the other replicas catch up once Redis is back");
        }
    }

    async fn change(&self, message: &Message) {
        self.say(&self.redis.channels().messages(), message).await;
    }

    async fn signal(&self, signal: &Signal) {
        self.say(&self.redis.channels().control(), signal).await;
    }
}

/// Of a process with sockets: what it publishes is delivered to them at once, Redis or not.
#[derive(Debug)]
pub struct RedisFanOut {
    here: LocalFanOut,
    speaker: Speaker,
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
        let changes = listen(messages, process, here.clone(), change, Published::MissedChanges);
        let signals = listen(control, process, here.clone(), Published::Signal, Published::MissedSignals);
        let listening = [tokio::spawn(changes), tokio::spawn(signals)].map(AbortOnDropHandle::new);
        (Self { here, speaker: Speaker { redis, process }, _listening: listening }, published)
    }
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
            Heard::Gap => here.send(missed.clone()).await,
            Heard::Message(said) => match serde_json::from_slice::<Said<T>>(&said) {
                Ok(said) if said.by == process => {}
                Ok(said) => here.send(hear(said.what)).await,
                Err(error) => {
                    // Of another version: the database knows.
                    tracing::warn!(%error, "something was said that is not understood");
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
            self.speaker.change(&message).await;
        }
    }

    async fn signal(&self, signal: Signal) {
        self.here.send(Published::Signal(signal.clone())).await;
        self.speaker.signal(&signal).await;
    }
}

/// Of a process without sockets.
#[derive(Debug)]
pub struct RedisEmitter(Speaker);

impl RedisEmitter {
    pub fn new(redis: Redis, process: OwnerId) -> Arc<Self> {
        Arc::new(Self(Speaker { redis, process }))
    }
}

#[async_trait]
impl FanOut for RedisEmitter {
    async fn emit(&self, room: Room, event: Event) {
        if let Some(message) = event.message() {
            return self.0.change(message).await;
        }
        let payload = match event.payload() {
            Ok(payload) => payload,
            Err(error) => return tracing::error!(%error, event = event.name(), "an event that is not JSON"),
        };
        let emitter = IoEmitter::new().prefix(self.0.redis.channels().sockets()).to(room.to_string());
        if let Err(error) = emitter.emit(event.name(), &payload, &Channel(&self.0.redis)).await {
            tracing::debug!(%error, %room, event = event.name(), "an event reached nobody");
        }
    }

    async fn signal(&self, signal: Signal) {
        self.0.signal(&signal).await;
    }
}

struct Channel<'a>(&'a Redis);

impl Driver for Channel<'_> {
    type Error = StoreError;

    async fn emit(&self, channel: String, data: Vec<u8>) -> StoreResult<()> {
        self.0.publish(&channel, &data).await
    }
}
