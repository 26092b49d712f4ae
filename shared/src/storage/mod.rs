//! Storage: what every backend has in common, and which one the configuration chooses.

mod blobs;
mod disks;
pub(crate) mod mongo;
pub mod sqlite;

use std::sync::Arc;

use jiff::Timestamp;
use prometheus_client::registry::Registry;

pub use self::blobs::{BlobError, Blobs};
pub use self::disks::Disks;
pub(crate) use self::mongo::reach;
use crate::auth::{SessionRepo, UserRepo};
use crate::backups::BackupRepo;
use crate::clock::{TimeError, TimeServer};
use crate::config::Config;
use crate::conversations::ConversationRepo;
use crate::generations::{GenerationLog, GenerationRepo};
use crate::health::metrics;
use crate::idempotency::IdempotencyRepo;
use crate::jobs::JobRepo;
use crate::notebooks::NotebookRepo;
use crate::notifications::NotificationRepo;
use crate::sources::SourceRepo;
use crate::usage::UsageRepo;

pub type StoreResult<T> = Result<T, StoreError>;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique key is taken.
    #[error("{0} exists already")]
    Conflict(&'static str),
    /// What the write belongs to is gone, or never was: a notebook, a conversation, a user.
    #[error("{0} does not exist")]
    Missing(&'static str),
    /// A write that was only for what somebody had seen: it has changed since.
    #[error("{0} has changed")]
    Changed(&'static str),
    /// The database did not answer in time or is away; trying again may help.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// There is no room left; reading still works, and writing does again once there is room.
    #[error("the database has no room left: {0}")]
    Full(String),
    /// A newer version of Collabry has changed the schema: nothing is damaged, this version is too old.
    #[error(
        "a newer version of Collabry wrote this database (migration {0}). Start that version again; to go back to \
         this one, restore the backup that was made before the upgrade (docs/operations/upgrade.md)"
    )]
    Newer(i64),
    /// Redis did not answer in time, is away, or refuses; it is noticed and logged by who keeps the connection.
    #[error("Redis is not available: {0}")]
    Redis(String),
    /// Another process has taken over what this one was writing.
    #[error("another process has taken over {0}")]
    TakenOver(&'static str),
    /// What was read cannot be understood.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    #[error(transparent)]
    Sqlite(sqlx::Error),
    /// Without the values that were to be read or written.
    #[error("MongoDB: {0}")]
    Mongo(String),
}

/// The repositories of one backend.
#[derive(Clone)]
pub struct Stores {
    pub users: Arc<dyn UserRepo>,
    pub sessions: Arc<dyn SessionRepo>,
    pub notebooks: Arc<dyn NotebookRepo>,
    pub sources: Arc<dyn SourceRepo>,
    pub conversations: Arc<dyn ConversationRepo>,
    pub generations: Arc<dyn GenerationRepo>,
    pub generation_log: Arc<dyn GenerationLog>,
    pub notifications: Arc<dyn NotificationRepo>,
    pub jobs: Arc<dyn JobRepo>,
    pub usage: Arc<dyn UsageRepo>,
    pub idempotency: Arc<dyn IdempotencyRepo>,
    pub blobs: Blobs,
    pub disks: Disks,
    pub backups: Arc<dyn BackupRepo>,
    pub probe: Arc<dyn Probe>,
}

impl Stores {
    /// All repositories on one database.
    fn over<D>(documents: Arc<D>, generation_log: Arc<dyn GenerationLog>, blobs: Blobs, disks: Disks) -> Self
    where
        D: UserRepo + SessionRepo + NotebookRepo + SourceRepo + ConversationRepo + GenerationRepo + 'static,
        D: NotificationRepo + JobRepo + UsageRepo + IdempotencyRepo + BackupRepo + Probe,
    {
        Self {
            users: documents.clone(),
            sessions: documents.clone(),
            notebooks: documents.clone(),
            sources: documents.clone(),
            conversations: documents.clone(),
            generations: documents.clone(),
            generation_log,
            notifications: documents.clone(),
            jobs: documents.clone(),
            usage: documents.clone(),
            idempotency: documents.clone(),
            blobs,
            disks,
            backups: documents.clone(),
            probe: documents,
        }
    }

    /// Adds what the database's connection counts, and the room on disks.
    pub fn register(&self, registry: &mut Registry) {
        self.probe.register(metrics::ours(registry));
        metrics::ours(registry).register_collector(Box::new(self.disks.clone()));
    }
}

/// The stores that the configuration names: documents in MongoDB or the data folder, files in S3 or a folder; `log` comes
/// from [`coordination`](crate::coordination). What is configured and away is an error, never a reason to use something
/// else.
pub async fn open(config: &Config, log: Arc<dyn GenerationLog>, now: Timestamp) -> StoreResult<Stores> {
    let storage = &config.storage;
    let blobs = Blobs::open(&storage.blobs, &storage.data_dir, now)
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let disks = Disks::of(config);
    match &storage.mongodb {
        Some(mongodb) => Ok(Stores::over(Arc::new(mongo::Database::open(mongodb).await?), log, blobs, disks)),
        None => Ok(Stores::over(
            Arc::new(sqlite::documents(&storage.data_dir, storage.slow_query).await?),
            log,
            blobs,
            disks,
        )),
    }
}

/// Accounts and sessions alone, of the database that the configuration names.
pub async fn accounts(config: &Config) -> StoreResult<(Arc<dyn UserRepo>, Arc<dyn SessionRepo>)> {
    if let Some(mongodb) = &config.storage.mongodb {
        let database = Arc::new(mongo::Database::open(mongodb).await?);
        return Ok((Arc::clone(&database) as Arc<dyn UserRepo>, database));
    }
    let database = Arc::new(sqlite::documents(&config.storage.data_dir, config.storage.slow_query).await?);
    Ok((Arc::clone(&database) as Arc<dyn UserRepo>, database))
}

/// A database as it was found, before anything is changed in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// What it is and which version, for people.
    pub version: String,
    /// Changes of its schema that the next start makes.
    pub pending: Vec<String>,
}

/// Looks at the configured database without changing anything.
pub async fn look(config: &Config) -> StoreResult<Look> {
    match &config.storage.mongodb {
        Some(mongodb) => mongo::look(mongodb).await,
        None => sqlite::look(&config.storage.data_dir).await,
    }
}

/// The configured database as the one that says what time it is, without changing anything in it; `None`: it is
/// embedded.
pub async fn time_server(config: &Config) -> StoreResult<Option<DatabaseTime>> {
    match &config.storage.mongodb {
        Some(mongodb) => Ok(Some(DatabaseTime(Arc::new(mongo::Database::connect(mongodb).await?)))),
        None => Ok(None),
    }
}

/// A database that processes share, as the one that says what time it is.
pub struct DatabaseTime(pub Arc<dyn Probe>);

impl std::fmt::Debug for DatabaseTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatabaseTime").finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl TimeServer for DatabaseTime {
    fn name(&self) -> &'static str {
        "the database"
    }

    async fn time(&self) -> Result<Timestamp, TimeError> {
        Ok(self.0.time().await?.ok_or("it does not say what time it is")?)
    }
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

impl std::fmt::Debug for Stores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stores").finish_non_exhaustive()
    }
}
