//! Live events: who hears what. The api turns them into Socket.IO packets; any role may publish them.

mod event;
mod local;
mod redis;

use std::fmt;

use async_trait::async_trait;

pub use self::event::{Event, Signal};
pub use self::local::LocalFanOut;
pub use self::redis::{RedisEmitter, RedisFanOut};
use crate::ids::{ConversationId, NotebookId, SessionId, UserId};

/// A set of sockets. Who is in which room is decided by the server alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Room {
    User(UserId),
    Session(SessionId),
    /// Every connected member of the notebook.
    Notebook(NotebookId),
    /// The members who have the conversation open.
    Conversation(ConversationId),
    /// The connected members of the notebook who do not have the conversation open.
    Outside(NotebookId, ConversationId),
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::Session(id) => write!(f, "session:{id}"),
            Self::Notebook(id) => write!(f, "notebook:{id}"),
            Self::Conversation(id) => write!(f, "conversation:{id}"),
            Self::Outside(notebook, id) => write!(f, "notebook:{notebook} outside conversation:{id}"),
        }
    }
}

/// The way from any role to the sockets of every api replica.
#[async_trait]
pub trait FanOut: Send + Sync {
    /// Hands an event to everyone in a room. Delivery is best effort: clients catch up from the logs.
    async fn emit(&self, room: Room, event: Event);
    /// Tells the api replicas something that no client hears as such.
    async fn signal(&self, signal: Signal);
}

/// What an api replica is to deliver.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly all are events, so a box would cost and save nothing")]
pub enum Published {
    /// A message that changed is said on every replica and goes to the sockets of this one; any other event was said
    /// here only and goes to the sockets of all.
    Emit(Room, Event),
    Signal(Signal),
    /// Changes of messages may have been missed: the database has them.
    MissedChanges,
    /// Signals may have been missed: what they were about is to be looked at again.
    MissedSignals,
}
