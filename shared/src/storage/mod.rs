//! Storage: databases and files, and what their backends have in common. It knows no feature.

mod blobs;
mod cascade;
mod error;
pub(crate) mod mongo;
pub(crate) mod sqlite;

use jiff::Timestamp;
use prometheus_client::registry::Registry;

pub use self::blobs::{BlobConfig, BlobError, Blobs, S3Config};
pub(crate) use self::cascade::Cascade;
pub use self::error::{StoreError, StoreResult};
pub use self::mongo::MongoConfig;
pub(crate) use self::mongo::check_reachable;

/// A database as it was found, before anything is changed in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaStatus {
    /// What it is and which version, for people.
    pub version: String,
    /// Changes of its schema that the next start makes.
    pub pending: Vec<String>,
}

/// What can be known of the database itself: a sign of life for `/ready`, its version, its numbers.
#[async_trait::async_trait]
pub trait Probe: Send + Sync {
    async fn ping(&self) -> StoreResult<()>;
    /// What it is and which version, for people.
    async fn version(&self) -> StoreResult<String>;
    /// What time it is to a database that processes share; `None`: it has no clock but this machine's.
    async fn time(&self) -> StoreResult<Option<Timestamp>>;
    /// Adds what the connection counts.
    fn register(&self, registry: &mut Registry);
}
