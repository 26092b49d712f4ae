//! The repositories of all features over one backend: which one the configuration chooses, its indexes, and what goes along
//! when something is deleted.

mod cascades;
mod disks;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::registry::Registry;

pub use self::disks::{Disks, Writes};
use crate::auth::{self, SessionRepo, UserRepo};
use crate::backups::{self, Backend, BackupRepo, RestoreRepo};
use crate::clock::{Clock, TimeError, TimeServer};
use crate::config::{Config, StorageConfig};
use crate::conversations::{self, ConversationRepo};
use crate::generations::{self, Endings, GenerationLog, GenerationRepo, SqliteLog};
use crate::health::metrics;
use crate::idempotency::{self, IdempotencyRepo};
use crate::jobs::{self, JobRepo};
use crate::locks::Locks;
use crate::notebooks::{self, InvitationRepo, MemberRepo, NotebookRepo};
use crate::notifications::{self, NotificationRepo};
use crate::realtime::FanOut;
use crate::sources::{self, IngestQueue, SegmentRepo, SourceRepo};
use crate::storage::mongo::{self, Index};
use crate::storage::{Blobs, MongoConfig, Probe, SchemaStatus, StoreError, StoreResult, sqlite};
use crate::usage::{self, UsageRepo};

/// Those that the repositories rely on in MongoDB.
pub(crate) const INDEXES: [&[Index]; 9] = [
    auth::INDEXES,
    notebooks::INDEXES,
    sources::INDEXES,
    conversations::INDEXES,
    generations::INDEXES,
    notifications::INDEXES,
    jobs::INDEXES,
    usage::INDEXES,
    idempotency::INDEXES,
];

/// What takes longer is logged, where no configuration says otherwise.
const SLOW: Duration = Duration::from_secs(1);

/// The repositories of one backend.
#[derive(Clone)]
pub struct Stores {
    pub users: Arc<dyn UserRepo>,
    pub sessions: Arc<dyn SessionRepo>,
    pub notebooks: Arc<dyn NotebookRepo>,
    pub members: Arc<dyn MemberRepo>,
    pub invitations: Arc<dyn InvitationRepo>,
    pub sources: Arc<dyn SourceRepo>,
    pub ingest_queue: Arc<dyn IngestQueue>,
    pub segments: Arc<dyn SegmentRepo>,
    pub conversations: Arc<dyn ConversationRepo>,
    pub generations: Arc<dyn GenerationRepo>,
    pub generation_log: Arc<dyn GenerationLog>,
    pub notifications: Arc<dyn NotificationRepo>,
    pub jobs: Arc<dyn JobRepo>,
    pub usage: Arc<dyn UsageRepo>,
    pub idempotency: Arc<dyn IdempotencyRepo>,
    pub locks: Locks,
    pub blobs: Blobs,
    pub disks: Disks,
    pub backups: Arc<dyn BackupRepo>,
    pub probe: Arc<dyn Probe>,
}

impl Stores {
    /// All repositories on one database.
    fn over<D>(documents: Arc<D>, generation_log: Arc<dyn GenerationLog>, blobs: Blobs, disks: Disks) -> Self
    where
        D: UserRepo + SessionRepo + NotebookRepo + MemberRepo + InvitationRepo + 'static,
        D: SourceRepo
            + IngestQueue
            + SegmentRepo
            + ConversationRepo
            + GenerationRepo
            + NotificationRepo
            + JobRepo
            + UsageRepo
            + IdempotencyRepo
            + BackupRepo
            + Probe,
    {
        Self {
            users: documents.clone(),
            sessions: documents.clone(),
            notebooks: documents.clone(),
            members: documents.clone(),
            invitations: documents.clone(),
            sources: documents.clone(),
            ingest_queue: documents.clone(),
            segments: documents.clone(),
            conversations: documents.clone(),
            generations: documents.clone(),
            generation_log,
            notifications: documents.clone(),
            jobs: documents.clone(),
            usage: documents.clone(),
            idempotency: documents.clone(),
            locks: Locks::in_process(),
            blobs,
            disks,
            backups: documents.clone(),
            probe: documents,
        }
    }

    /// Ends generations in these stores, and tells it through `fan_out`.
    pub fn endings(&self, fan_out: Arc<dyn FanOut>, clock: Arc<dyn Clock>) -> Endings {
        let (generations, conversations) = (Arc::clone(&self.generations), Arc::clone(&self.conversations));
        Endings { generations, conversations, log: Arc::clone(&self.generation_log), fan_out, clock }
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
        Some(mongodb) => {
            let database = Arc::new(replicated(mongodb).await?);
            let locks = Locks::shared(database.clone());
            Ok(Stores { locks, ..Stores::over(database, log, blobs, disks) })
        }
        None => Ok(Stores::over(Arc::new(embedded(storage).await?), log, blobs, disks)),
    }
}

/// All stores of one process in `data_dir`, which is made when missing. Brings the schema up to date.
pub async fn open_embedded(data_dir: &Path, clock: Arc<dyn Clock>) -> StoreResult<Stores> {
    let blobs = Blobs::folder(&data_dir.join("blobs"), clock.now())
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let documents = Arc::new(sqlite::documents(data_dir, SLOW, cascades::SQLITE).await?);
    Ok(Stores::over(documents, journal(data_dir, SLOW, clock).await?, blobs, Disks::embedded(data_dir)))
}

/// The log of generations in a data folder, for a process without Redis.
pub(crate) async fn journal(
    data_dir: &Path,
    slow: Duration,
    clock: Arc<dyn Clock>,
) -> StoreResult<Arc<dyn GenerationLog>> {
    Ok(Arc::new(SqliteLog::new(sqlite::journal(data_dir, slow).await?, clock)))
}

/// Accounts and sessions alone, of the database that the configuration names.
pub async fn accounts(config: &Config) -> StoreResult<(Arc<dyn UserRepo>, Arc<dyn SessionRepo>)> {
    if let Some(mongodb) = &config.storage.mongodb {
        let database = Arc::new(replicated(mongodb).await?);
        return Ok((Arc::clone(&database) as Arc<dyn UserRepo>, database));
    }
    let database = Arc::new(embedded(&config.storage).await?);
    Ok((Arc::clone(&database) as Arc<dyn UserRepo>, database))
}

async fn embedded(config: &StorageConfig) -> StoreResult<sqlite::Database> {
    sqlite::documents(&config.data_dir, config.slow_query, cascades::SQLITE).await
}

/// With its indexes, and without what a killed process left half deleted.
pub(crate) async fn replicated(config: &MongoConfig) -> StoreResult<mongo::Database> {
    let database = mongo::Database::open(config, &INDEXES, cascades::MONGO).await?;
    conversations::finish_purges(&database).await?;
    Ok(database)
}

/// The backend that the configuration names.
pub fn backend(config: &Config) -> Backend {
    if config.storage.mongodb.is_some() { Backend::Mongodb } else { Backend::Sqlite }
}

/// The database that the configuration names, for a restore. [`StoreError::Conflict`] when it has users already.
pub async fn restore_target(config: &Config) -> StoreResult<Box<dyn RestoreRepo>> {
    match &config.storage.mongodb {
        Some(mongodb) => backups::mongo::target(replicated(mongodb).await?).await,
        None => backups::sqlite::target(&config.storage.data_dir).await,
    }
}

/// Looks at the configured database without changing anything.
pub async fn schema_status(config: &Config) -> StoreResult<SchemaStatus> {
    match &config.storage.mongodb {
        Some(mongodb) => mongo::schema_status(mongodb, &INDEXES).await,
        None => sqlite::schema_status(&config.storage.data_dir).await,
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

impl std::fmt::Debug for Stores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stores").finish_non_exhaustive()
    }
}
