//! Storage: the plumbing of databases and files. It knows no feature.

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

/// The state of a database's schema, before anything is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaStatus {
    /// The database and its version, for people.
    pub version: String,
    /// The changes to the schema that the next start makes.
    pub pending: Vec<String>,
}

/// Information about the database itself: availability for `/ready`, version and metrics.
#[async_trait::async_trait]
pub trait Probe: Send + Sync {
    async fn ping(&self) -> StoreResult<()>;
    /// What it is and which version, for people.
    async fn version(&self) -> StoreResult<String>;
    /// The time of a database that processes share; `None`: its only clock is this machine's.
    async fn time(&self) -> StoreResult<Option<Timestamp>>;
    /// Registers the metrics of the connection.
    fn register(&self, registry: &mut Registry);
}
