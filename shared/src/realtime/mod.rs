//! Live events: from any role to the sockets of every api replica. The api turns them into Socket.IO packets.

mod command;
mod event;
mod local;
mod redis;
mod room;
mod signal;

use std::sync::Arc;

use async_trait::async_trait;

pub use self::command::ClientEvent;
pub use self::event::{ChangedMessage, Event, MessageChange};
pub use self::local::LocalFanOut;
pub use self::redis::{RedisEmitter, RedisFanOut};
pub use self::room::{InvalidRoom, Room};
pub use self::signal::Signal;
use crate::conversations::Message;

/// The way from any role to the sockets of every api replica.
#[async_trait]
pub trait FanOut: Send + Sync {
    /// Publishes a message that was added, edited or deleted. Each replica tells those of its sockets that have the
    /// conversation open, in the order of revs, and reads from the database what it missed.
    async fn changed(&self, message: Arc<Message>);
    /// Sends an event to everyone in a room. Delivery is best effort: clients catch up from the logs.
    async fn emit(&self, room: Room, event: Event);
    /// Tells the api replicas something that no client receives as such.
    async fn signal(&self, signal: Signal);
}

/// What an api replica is to deliver.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly all are events, so a box would cost and save nothing")]
pub enum Published {
    /// A message changed. Every replica receives it, and delivers it to its own sockets.
    Changed(Arc<Message>),
    /// An event that only this replica received; it delivers it to the sockets of all.
    Event(Room, Event),
    Signal(Signal),
    /// Changes of messages may have been missed: read them from the database.
    MissedChanges,
    /// Signals may have been missed: look again at what they are about.
    MissedSignals,
}
