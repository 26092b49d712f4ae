//! The channels of the Socket.IO adapter, on the connection that the process shares. Without Redis they lead nowhere.

use std::sync::Arc;

use collabry_shared::redis::{ChannelEvent, Redis, Subscription};
use collabry_shared::storage::{StoreError, StoreResult};
use socketioxide::adapter::Emitter;
use socketioxide_redis::drivers::{ChanItem, Driver, MessageStream};
use socketioxide_redis::{CustomRedisAdapter, RedisAdapterConfig, RedisAdapterCtr};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// Rooms across replicas.
pub type Adapter = CustomRedisAdapter<Emitter, Bus>;

pub type SocketIo = socketioxide::SocketIo<Adapter>;
pub type SocketRef = socketioxide::extract::SocketRef<Adapter>;

/// Packets that may wait for Redis; beyond it they reach this replica's sockets only.
const OUTBOX: usize = 4096;

/// What every namespace's adapter is made of.
pub fn adapter(redis: Option<Redis>) -> RedisAdapterCtr<Bus> {
    let config = RedisAdapterConfig::new();
    let config = match &redis {
        Some(redis) => config.with_prefix(redis.channels().sockets()),
        None => config,
    };
    RedisAdapterCtr::new_with_driver(Bus(redis.map(|redis| Arc::new(Shared::new(redis)))), config)
}

/// The adapter's driver. Unlike the stock one its connection comes back, and a Redis that is away or slow keeps nobody
/// from reaching the sockets here: publishing never fails and never waits.
#[derive(Clone)]
pub struct Bus(Option<Arc<Shared>>);

pub struct Shared {
    redis: Redis,
    outbox: mpsc::Sender<(String, Vec<u8>)>,
    _sending: AbortOnDropHandle<()>,
}

impl Shared {
    fn new(redis: Redis) -> Self {
        let (outbox, waiting) = mpsc::channel(OUTBOX);
        let sending = AbortOnDropHandle::new(tokio::spawn(send(redis.clone(), waiting)));
        Self { redis, outbox, _sending: sending }
    }
}

impl Driver for Bus {
    type Error = StoreError;

    async fn publish(&self, channel: String, packet: Vec<u8>) -> StoreResult<()> {
        let Some(shared) = &self.0 else { return Ok(()) };
        if shared.redis.is_up() && shared.outbox.try_send((channel, packet)).is_err() {
            tracing::warn!("packet dropped: too many wait for the other replicas");
        }
        Ok(())
    }

    async fn subscribe(&self, channel: String, size: usize) -> StoreResult<MessageStream<ChanItem>> {
        let Some(shared) = &self.0 else { return Ok(MessageStream::new_empty()) };
        let subscription = shared.redis.subscribe(channel.clone(), size).await;
        let (items, stream) = mpsc::channel(1);
        // Ends with the adapter's end of it.
        tokio::spawn(pass_on(subscription, channel, items));
        Ok(MessageStream::new(stream))
    }

    /// Its stream is gone, and that is enough.
    async fn unsubscribe(&self, _channel: String) -> StoreResult<()> {
        Ok(())
    }

    /// Nothing here asks other replicas and waits for their answers.
    async fn num_serv(&self, _channel: &str) -> StoreResult<u16> {
        Ok(1)
    }
}

async fn send(redis: Redis, mut waiting: mpsc::Receiver<(String, Vec<u8>)>) {
    while let Some((channel, packet)) = waiting.recv().await {
        if let Err(error) = redis.publish(&channel, &packet).await {
            tracing::debug!(%error, "publishing a packet failed; it reached this replica only");
        }
    }
}

async fn pass_on(mut subscription: Subscription, channel: String, items: mpsc::Sender<ChanItem>) {
    loop {
        let received = tokio::select! {
            () = items.closed() => return,
            received = subscription.next() => received,
        };
        match received {
            None => return,
            // What goes this way is not kept anywhere.
            Some(ChannelEvent::Gap) => {}
            Some(ChannelEvent::Message(packet)) => {
                if items.send((channel.clone(), packet)).await.is_err() {
                    return;
                }
            }
        }
    }
}
