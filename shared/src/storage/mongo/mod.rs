//! The backend of replicas: MongoDB.
//!
//! Correctness relies on single documents alone: conditions in the filter of a write, and unique indexes. What a process
//! leaves behind when it dies between two writes is invisible, and the next process clears it away. Only bounds on the
//! number of items rely on [locks](crate::locks).
//!
//! Writes are acknowledged by a majority, and what users see is read from a majority.

mod batches;
mod collection;
mod config;
mod deleted;
mod error;
mod fields;
mod indexes;
mod metrics;
mod page;
mod reachable;
mod scan;
mod shape;
mod write_queues;

use std::time::Duration;

use jiff::Timestamp;
use mongodb::Client;
use mongodb::bson::doc;
use mongodb::options::{ClientOptions, ReadConcern, ReadPreference, SelectionCriteria, WriteConcern};
use prometheus_client::registry::Registry;
use secrecy::ExposeSecret as _;

pub(crate) use self::collection::{Change, Collection, Query};
pub use self::config::MongoConfig;
pub(crate) use self::deleted::restorable;
pub(crate) use self::error::conflict;
pub(crate) use self::fields::{Fields, binary, date, nested, opt_nested};
pub(crate) use self::indexes::Index;
use self::metrics::Metrics;
pub(crate) use self::page::Order;
pub(crate) use self::reachable::check_reachable;
pub(crate) use self::scan::Scan;
use self::write_queues::WriteQueues;
use crate::storage::cascade::cascade;
use crate::storage::{Cascade, Probe, SchemaStatus, StoreError, StoreResult};

const DEFAULT_DATABASE: &str = "collabry";

/// One MongoDB database. Each feature's `mongo.rs` implements its repository on it.
///
/// Conventions: ids are UUID text, times are dates, `deletedAt` is missing until then, nested values are documents.
#[derive(Debug)]
pub(crate) struct Database {
    inner: mongodb::Database,
    /// The timeout of each operation, and of each batch of a long read.
    timeout: Duration,
    /// Operations that take longer are logged.
    slow: Duration,
    metrics: Metrics,
    cascades: &'static [Cascade<Self>],
    /// The queues of writers to one log in this process.
    pub write_queues: WriteQueues,
}

impl Database {
    /// Connects and creates missing indexes.
    pub async fn open(
        config: &MongoConfig,
        indexes: &[&[Index]],
        cascades: &'static [Cascade<Self>],
    ) -> StoreResult<Self> {
        let db = Self { cascades, ..Self::connect(config).await? };
        indexes::ensure(&db, indexes).await?;
        Ok(db)
    }

    /// Connects without changing anything, and without cascades.
    pub async fn connect(config: &MongoConfig) -> StoreResult<Self> {
        let mut options = options(config).await?;
        let metrics = Metrics::default();
        options.cmap_event_handler = Some(metrics.follow_connections());
        let name = options.default_database.clone().unwrap_or_else(|| DEFAULT_DATABASE.to_owned());
        let inner = Client::with_options(options)?.database(&name);
        let (timeout, slow) = (config.timeout, config.slow_query);
        let db = Self { inner, timeout, slow, metrics, cascades: &[], write_queues: WriteQueues::default() };
        db.ping().await?;
        Ok(db)
    }

    /// Deletes what belongs to document `id` of a collection, before it is deleted itself.
    pub async fn cascade(&self, of: &'static str, id: &str) -> StoreResult<()> {
        cascade(self.cascades, self, of, id).await
    }

    pub fn collection(&self, name: &'static str) -> Collection {
        Collection {
            name,
            inner: self.inner.collection(name),
            timeout: self.timeout,
            slow: self.slow,
            metrics: self.metrics.clone(),
        }
    }

    async fn command(&self, command: &str) -> StoreResult<mongodb::bson::Document> {
        match tokio::time::timeout(self.timeout, self.inner.run_command(doc! { command: 1 })).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(StoreError::Unavailable("MongoDB did not answer in time".to_owned())),
        }
    }
}

/// The options of the address, with those that we always need.
async fn options(config: &MongoConfig) -> StoreResult<ClientOptions> {
    let mut options = ClientOptions::parse(config.uri.expose_secret()).await?;
    options.app_name.get_or_insert_with(|| "collabry".to_owned());
    options.max_pool_size = Some(config.pool);
    options.server_selection_timeout = Some(config.timeout);
    options.connect_timeout = Some(config.timeout);
    // Some compatible servers reject retryable writes, so the address may set retryWrites=false.
    options.retry_writes.get_or_insert(true);
    options.write_concern = Some(WriteConcern::majority());
    options.read_concern = Some(ReadConcern::majority());
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    Ok(options)
}

/// The version and missing indexes.
pub async fn schema_status(config: &MongoConfig, indexes: &[&[Index]]) -> StoreResult<SchemaStatus> {
    let db = Database::connect(config).await?;
    Ok(SchemaStatus { version: db.version().await?, pending: indexes::missing(&db, indexes).await? })
}

#[async_trait::async_trait]
impl Probe for Database {
    async fn ping(&self) -> StoreResult<()> {
        self.command("ping").await?;
        Ok(())
    }

    async fn version(&self) -> StoreResult<String> {
        Ok(format!("MongoDB {}", self.command("buildInfo").await?.text("version")?))
    }

    async fn time(&self) -> StoreResult<Option<Timestamp>> {
        // The command's older name, which every server knows.
        self.command("isMaster").await?.opt_time("localTime")
    }

    fn register(&self, registry: &mut Registry) {
        self.metrics.register(registry);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::MongoConfig;

    #[tokio::test]
    async fn an_address_may_switch_retried_writes_off_and_nothing_else_that_we_need() {
        for (query, retried) in [("", true), ("?retryWrites=true", true), ("?retryWrites=false&w=1", false)] {
            let uri = format!("mongodb://127.0.0.1:1/collabry{query}").into();
            let second = Duration::from_secs(1);
            let options = super::options(&MongoConfig { uri, pool: 7, timeout: second, slow_query: second }).await;
            let options = options.unwrap();
            assert_eq!(options.retry_writes, Some(retried), "{query}");
            assert_eq!(options.write_concern, Some(mongodb::options::WriteConcern::majority()), "{query}");
            assert_eq!((options.max_pool_size, options.connect_timeout), (Some(7), Some(second)));
        }
    }
}
