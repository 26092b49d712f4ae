//! All keys and channels with their lifetimes. All start with `collabry:`, so that a database can be shared.
//!
//! Everything here may be lost: each key expires by itself, and what must last is in the database.

use std::time::Duration;

use crate::ids::{GenerationId, OwnerId, UserId};

/// The lifetime of a running generation's log after its newest event.
pub const GENERATION_TTL: Duration = Duration::from_hours(1);
/// The lifetime of a generation's log after its last event, for readers who are watching or reconnect at once. Later
/// readers get the same events from the stored answer, so that finished answers take no memory here.
pub const ENDED_TTL: Duration = Duration::from_mins(2);
/// The lifetime of a wake key after the process last started to follow a log.
pub const WAKE_TTL: Duration = Duration::from_mins(1);
/// The lifetime of a socket's mark after its last heartbeat: how long the users of a crashed replica still appear online.
pub const PRESENCE_TTL: Duration = Duration::from_secs(15);
/// The lifetime of the index of online users after the last heartbeat of any of them. Longer than [`PRESENCE_TTL`], so
/// that a replica has time to find those who are gone.
pub const ONLINE_TTL: Duration = Duration::from_mins(10);
/// String: the process that has taken over a generation's log from another; only it may append.
pub fn generation_writer(id: GenerationId) -> String {
    format!("collabry:generation-writer:{id}")
}

/// Stream: the events of a generation; entry `0-n` is event `n`.
pub fn generation(id: GenerationId) -> String {
    format!("collabry:generation:{id}")
}

/// Stream of at most one entry: wakes the blocking reader of a process, which then reloads what it should follow.
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

/// A key that never exists: writing nothing to it shows whether Redis accepts writes.
pub const PROBE: &str = "collabry:probe";

/// A limit and whom it counts; lives until the quota is full again, an hour at most.
pub fn limit(rule: &str, subject: &str) -> String {
    format!("collabry:limit:{rule}:{subject}")
}

/// String: the log filter that replaces the configured one; lives as long as it applies.
pub fn log_level() -> String {
    "collabry:log-level".to_owned()
}

/// The names of channels. A channel reaches every database of a server, so the name contains the database's number.
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

    /// The prefix of the Socket.IO adapter's channels.
    pub fn sockets(self) -> String {
        format!("collabry:{}:sockets", self.database)
    }
}
