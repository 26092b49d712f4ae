//! Copies everything from a database, and restores a copy into an empty one.
//!
//! A copy is a series of parts of bounded size, so that neither side ever holds more than one of them. SQLite's is a
//! snapshot: as the database was at one instant. MongoDB's is read while others write, in an order that leaves every
//! document with what it refers to: everything acknowledged before the reading began is in it, and nothing from after it
//! ended. (A snapshot session would end after `minSnapshotHistoryWindowInSeconds`, five minutes by default, and a backup
//! may take longer.)

pub(crate) mod mongo;
mod signing;
pub(crate) mod sqlite;

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub use self::signing::{InvalidKey, SIGNATURE_BYTES, Signer, SigningKey};
use crate::storage::StoreResult;

/// The approximate size of a part in bytes; larger only when a single document is.
const PART_BYTES: usize = 4 * 1024 * 1024;

/// The gap between the last rev of a restored conversation and its next one: clients may have seen revs that were taken after
/// the backup, and must not mistake new messages for those.
const REVS_SKIPPED: i64 = 1_000_000;

/// What is copied but not restored: sessions, some of which may have ended since.
pub const NOT_RESTORED: [&str; 1] = [SESSIONS];

const SESSIONS: &str = "sessions";

/// Documents or rows by collection or table.
pub type Counts = BTreeMap<String, u64>;

/// The backend of a copy; only the same backend can restore it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    Sqlite,
    Mongodb,
}

impl Backend {
    /// The backend of a part with this name.
    pub fn of_part(name: &str) -> Self {
        if sqlite::is_part(name) { Self::Sqlite } else { Self::Mongodb }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Mongodb => "MongoDB",
        })
    }
}

/// A part of a copy. Parts are restored in the order in which they were read.
#[derive(Debug)]
pub struct Part {
    /// Relative path, unique in the copy: `messages/000001.bson`.
    pub name: String,
    pub bytes: Bytes,
}

/// A database that can be copied.
#[async_trait]
pub trait BackupRepo: Send + Sync {
    fn backend(&self) -> Backend;
    /// Starts a copy.
    async fn copy(&self) -> StoreResult<Box<dyn Parts + '_>>;
}

/// A running copy.
#[async_trait]
pub trait Parts: Send {
    /// Returns the next part; `None` after the last one.
    async fn next(&mut self) -> StoreResult<Option<Part>>;
    /// The counts of all parts read so far; complete after the last part.
    fn counts(&self) -> Counts;
}

/// An empty database that a copy is restored into.
#[async_trait]
pub trait RestoreRepo: Send {
    fn backend(&self) -> Backend;
    /// Restores the next part.
    async fn put(&mut self, part: Part) -> StoreResult<()>;
    /// Completes the database after the last part.
    async fn finish(&mut self) -> StoreResult<Restored>;
}

/// The result of a restore.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    pub counts: Counts,
    /// How many sources were being ingested during the backup: they are ingested again from their files.
    pub ingested_again: u64,
}
