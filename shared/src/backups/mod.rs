//! Copies of everything that a database holds, and their way back into an empty one.
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

/// Parts have about so many bytes; more only when a single document does.
const PART_BYTES: usize = 4 * 1024 * 1024;

/// A restored conversation goes on so far above the revs that it has: clients may have seen some that were taken after the
/// backup, and must not take new messages for those.
const REVS_SKIPPED: i64 = 1_000_000;

/// What is copied and not brought back: who was signed in then, some of whom have signed out since, or were signed out.
pub const NOT_RESTORED: [&str; 1] = [SESSIONS];

const SESSIONS: &str = "sessions";

/// Documents or rows by collection or table.
pub type Counts = BTreeMap<String, u64>;

/// Which backend a copy is of; only the same one takes it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    Sqlite,
    Mongodb,
}

impl Backend {
    /// The one that a part of this name is of.
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

/// A stretch of a copy. Parts are restored in the order in which they were read.
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
    /// Begins a copy.
    async fn copy(&self) -> StoreResult<Box<dyn Parts + '_>>;
}

/// A copy in the making.
#[async_trait]
pub trait Parts: Send {
    /// The next part; `None` after the last one.
    async fn next(&mut self) -> StoreResult<Option<Part>>;
    /// What all parts together hold; complete after the last one.
    fn counts(&self) -> Counts;
}

/// An empty database that takes a copy.
#[async_trait]
pub trait RestoreRepo: Send {
    fn backend(&self) -> Backend;
    /// Takes the next part.
    async fn put(&mut self, part: Part) -> StoreResult<()>;
    /// Makes the database whole after the last part.
    async fn finish(&mut self) -> StoreResult<Restored>;
}

/// What a database holds after a restore.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    pub counts: Counts,
    /// Sources that were being ingested while the backup was made: they are ingested again, from their files.
    pub ingested_again: u64,
}
