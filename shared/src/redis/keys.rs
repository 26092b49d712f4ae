//! Every key and channel, and how long it lives. All begin with `collabry:`, so that a database can be shared.
//!
//! Nothing is kept here that could not be lost: each key expires by itself, and what must last is in the documents.

use std::time::Duration;

use crate::ids::{GenerationId, OwnerId, UserId};

/// After the newest event of a generation that goes on.
pub const GENERATION_TTL: Duration = Duration::from_hours(1);
/// After the last event of a generation: for those who watch it, and who come back to it at once. Later readers are logged_at
/// the same events from the stored answer, so that finished answers take no room here.
pub const ENDED_TTL: Duration = Duration::from_mins(2);
/// After the last time that this process began to follow a log.
pub const WAKE_TTL: Duration = Duration::from_mins(1);
/// After the last heartbeat of a socket: how long a crashed replica's users still look connected.
pub const PRESENCE_TTL: Duration = Duration::from_secs(15);
/// Of the index of all who are connected, after the last heartbeat of any of them. Longer than [`PRESENCE_TTL`], so
/// that a replica has time to notice who is gone.
pub const ONLINE_TTL: Duration = Duration::from_mins(10);
/// String: the process that has taken a generation's log over from another, and alone may append to it.
pub fn generation_writer(id: GenerationId) -> String {
    format!("collabry:generation-writer:{id}")
}

/// Stream: the events of a generation; entry `0-n` is event `n`.
pub fn generation(id: GenerationId) -> String {
    format!("collabry:generation:{id}")
}

/// Stream of at most one entry: makes the blocking reader of a process look again at what it should follow.
pub fn wake(process: OwnerId) -> String {
    format!("collabry:wake:{process}")
}

/// Sorted set: the sockets of a user, by when they expire.
pub fn presence(user: UserId) -> String {
    format!("collabry:presence:{user}")
}

/// Sorted set: every connected user, by when the last of their sockets expires.
pub fn online() -> String {
    "collabry:online".to_owned()
}

/// A key that never is: writing nothing to it tells whether Redis takes writes.
pub const PROBE: &str = "collabry:probe";

/// A limit and whom it counts; lives until the quota is whole again, an hour at most.
pub fn limit(rule: &str, subject: &str) -> String {
    format!("collabry:limit:{rule}:{subject}")
}

/// String: what every process logs instead of what is configured; lives as long as that holds.
pub fn log_level() -> String {
    "collabry:log-level".to_owned()
}

/// Channels reach every database of a server, so their names carry its number.
#[derive(Debug, Clone, Copy)]
pub struct Channels {
    pub database: i64,
}

impl Channels {
    /// Changes of messages, for the sequencers of every api replica.
    pub fn messages(self) -> String {
        format!("collabry:{}:messages", self.database)
    }

    /// Signals, for every api replica.
    pub fn control(self) -> String {
        format!("collabry:{}:control", self.database)
    }

    /// What the channels of the Socket.IO adapter begin with.
    pub fn sockets(self) -> String {
        format!("collabry:{}:sockets", self.database)
    }
}
