//! The embedded backend: SQLite files in the data folder.
//!
//! Documents live in `collabry.db`; what is acknowledged there is on disk. Events of generations go to
//! `generations.db`, which syncs less often: they survive the process, and after a power cut the stored answer decides.

mod columns;
mod error;
mod metrics;
mod observer;
mod timed;
mod transaction;
mod wal;

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::registry::Registry;
use sqlx::migrate::Migrator;
use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _, Sqlite, SqliteConnection, SqlitePool};

pub(crate) use self::columns::{Columns, integer, json, opt_json, word};
pub(crate) use self::error::conflict;
use self::metrics::Metrics;
use self::observer::QueryObserver;
pub(crate) use self::timed::TimedPool;
pub(crate) use self::transaction::Transaction;
use crate::storage::cascade::cascade;
use crate::storage::{Cascade, Probe, SchemaStatus, StoreError, StoreResult};

static DOCUMENTS: Migrator = sqlx::migrate!("migrations/sqlite/documents");
static JOURNAL: Migrator = sqlx::migrate!("migrations/sqlite/journal");

pub(crate) const DOCUMENTS_FILE: &str = "collabry.db";
pub(crate) const JOURNAL_FILE: &str = "generations.db";

/// How many reads run at the same time, each on a thread. Loading a large segment occupies one for a while.
const READERS: u32 = 8;

/// How long a statement waits for a connection or a lock before the store counts as unavailable.
const TIMEOUT: Duration = Duration::from_secs(10);

const BEGIN: &str = "BEGIN IMMEDIATE";

/// Opens the documents and migrates their schema.
pub(crate) async fn documents(
    data_dir: &Path,
    slow: Duration,
    cascades: &'static [Cascade<Database>],
) -> StoreResult<Database> {
    let file = data_dir.join(DOCUMENTS_FILE);
    wal::save_damaged(&file).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let documents = Database::open(&file, SqliteSynchronous::Full, slow, &DOCUMENTS).await?;
    Ok(Database { cascades, ..documents })
}

/// Opens the events of generations and migrates their schema.
pub(crate) async fn journal(data_dir: &Path, slow: Duration) -> StoreResult<Database> {
    Database::open(&data_dir.join(JOURNAL_FILE), SqliteSynchronous::Normal, slow, &JOURNAL).await
}

/// The version and pending migrations. A file that a newer version migrated is an error.
pub(crate) async fn schema_status(data_dir: &Path) -> StoreResult<SchemaStatus> {
    let file = data_dir.join(DOCUMENTS_FILE);
    let lost = wal::lost_commits(&wal::log_of(&file)).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    if let Some(lost) = lost {
        let where_to = "the next start keeps a copy of it and goes on without them";
        return Err(StoreError::Damaged(format!("the write-ahead log lost {lost} transactions; {where_to}")));
    }
    let mut applied = Vec::new();
    let mut connection = if file.exists() {
        let mut connection = SqliteConnectOptions::new().filename(&file).read_only(true).connect().await?;
        applied = sqlx::query_scalar("SELECT version FROM _sqlx_migrations").fetch_all(&mut connection).await?;
        connection
    } else {
        SqliteConnectOptions::new().in_memory(true).connect().await?
    };
    let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut connection).await?;
    connection.close().await?;
    if let Some(newer) = applied.iter().find(|version: &&i64| !DOCUMENTS.version_exists(**version)) {
        return Err(StoreError::Newer(*newer));
    }
    let pending = DOCUMENTS.iter().filter(|migration| !applied.contains(&migration.version));
    let pending = pending.map(|migration| format!("migration {} ({})", migration.version, migration.description));
    Ok(SchemaStatus { version: format!("SQLite {version}"), pending: pending.collect() })
}

/// One SQLite file. Each feature's `sqlite.rs` implements its repository on it.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    /// Never blocked by the writer, because of write-ahead logging.
    pub read: TimedPool,
    /// A single connection: writers queue for it instead of competing for the file's lock.
    pub write: TimedPool,
    metrics: Metrics,
    cascades: &'static [Cascade<Self>],
}

impl Database {
    async fn open(file: &Path, synchronous: SqliteSynchronous, slow: Duration, schema: &Migrator) -> StoreResult<Self> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        }
        let options = SqliteConnectOptions::new().filename(file).busy_timeout(TIMEOUT).foreign_keys(true);
        let writing = options
            .clone()
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .optimize_on_close(true, None);
        let write = pool(1).after_release(|connection, _| Box::pin(outside_transactions(connection)));
        let write = write.connect_with(writing).await?;
        schema.run(&write).await?;
        // `query_only` and not a read-only file: a reader must be able to make the shared-memory file.
        let read = pool(READERS).connect_with(options.pragma("query_only", "ON")).await?;
        let metrics = Metrics::default();
        let timed = |pool, name| TimedPool::new(pool, QueryObserver { pool: name, metrics: metrics.clone(), slow });
        Ok(Self { read: timed(read, "read"), write: timed(write, "write"), metrics, cascades: &[] })
    }

    /// Deletes what belongs to row `id` of a table and does not go with it by foreign keys alone.
    pub async fn cascade(&self, of: &'static str, id: &str) -> StoreResult<()> {
        cascade(self.cascades, self, of, id).await
    }

    /// A transaction that holds the file's write lock from the start, so that it never fails half way for want of it.
    pub async fn begin(&self) -> StoreResult<Transaction> {
        let started = self.write.time(BEGIN, self.write.begin_with(BEGIN)).await?;
        Ok(Transaction::new(started, self.write.observer.clone()))
    }

    /// Runs one writing statement with a `RETURNING` clause that yields at most one row.
    ///
    /// Outside a transaction `fetch_optional` and `fetch_one` must not be used for that: they stop at the row, and the
    /// error of a commit that fails after it is lost.
    pub async fn returning(&self, statement: Query<'_, Sqlite, SqliteArguments>) -> StoreResult<Option<SqliteRow>> {
        Ok(statement.fetch_all(&self.write).await?.pop())
    }
}

/// Whether a connection that comes back may be used again.
///
/// When a full disk or a failing one makes SQLite roll a transaction back by itself, the ROLLBACK that follows fails,
/// and the driver goes on counting a transaction that is over: each later BEGIN would be refused, for ever. The ping
/// waits for the rollback of a transaction that was dropped.
async fn outside_transactions(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    connection.ping().await?;
    let outside = !connection.is_in_transaction();
    if !outside {
        tracing::warn!("a transaction could not be ended; its connection to the database file is replaced");
    }
    Ok(outside)
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        // A connection to a file does not go away while it rests.
        .test_before_acquire(false)
}

#[async_trait::async_trait]
impl Probe for Database {
    async fn ping(&self) -> StoreResult<()> {
        // Takes the write lock, so it fails when the disk or another process keeps us from writing.
        self.begin().await?.rollback().await?;
        Ok(())
    }

    async fn version(&self) -> StoreResult<String> {
        let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&self.read).await?;
        Ok(format!("SQLite {version}"))
    }

    async fn time(&self) -> StoreResult<Option<Timestamp>> {
        Ok(None)
    }

    fn register(&self, registry: &mut Registry) {
        self.metrics.register(registry);
        let (read, write) = (SqlitePool::clone(&self.read), SqlitePool::clone(&self.write));
        registry.register_collector(Box::new(metrics::PoolCollector { read, write }));
    }
}
