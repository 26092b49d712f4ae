//! Copies the SQLite file as a snapshot.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::BytesMut;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{Backend, BackupRepo, Counts, NOT_RESTORED, PART_BYTES, Part, Parts, REVS_SKIPPED, RestoreRepo, Restored};
use crate::storage::sqlite::{DOCUMENTS_FILE, Database, JOURNAL_FILE};
use crate::storage::{StoreError, StoreResult};

/// The file that a restore writes to until it is complete.
const UNFINISHED: &str = "collabry.db.restoring";

#[async_trait]
impl BackupRepo for Database {
    fn backend(&self) -> Backend {
        Backend::Sqlite
    }

    /// SQLite writes the snapshot to a folder next to the file, which needs as much space again.
    async fn copy(&self) -> StoreResult<Box<dyn Parts + '_>> {
        let file = self.read.connect_options().get_filename().to_owned();
        let beside = file.parent().unwrap_or(Path::new("."));
        let folder = tempfile::Builder::new().prefix("backup-").tempdir_in(beside).map_err(unavailable)?;
        let snapshot = folder.path().join(DOCUMENTS_FILE);
        // A separate connection: it reads a snapshot of the log, and nobody waits for it.
        let mut connection = SqliteConnectOptions::new().filename(&file).connect().await?;
        let path = snapshot.to_string_lossy().into_owned();
        sqlx::query("VACUUM INTO ?").bind(path).execute(&mut connection).await?;
        connection.close().await?;
        let counts = counts(&snapshot).await?;
        let snapshot = File::open(&snapshot).await.map_err(unavailable)?;
        // The file is unlinked from here on, so that a process that is killed leaves nothing behind.
        folder.close().map_err(unavailable)?;
        Ok(Box::new(Copy { snapshot, counts, read: 0 }))
    }
}

struct Copy {
    snapshot: File,
    counts: Counts,
    /// How many parts were read so far.
    read: usize,
}

#[async_trait]
impl Parts for Copy {
    async fn next(&mut self) -> StoreResult<Option<Part>> {
        let mut bytes = BytesMut::with_capacity(PART_BYTES);
        while bytes.len() < PART_BYTES {
            let room = PART_BYTES - bytes.len();
            if (&mut self.snapshot).take(room as u64).read_buf(&mut bytes).await.map_err(unavailable)? == 0 {
                break;
            }
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        self.read += 1;
        Ok(Some(Part { name: format!("{DOCUMENTS_FILE}/{:06}", self.read), bytes: bytes.freeze() }))
    }

    fn counts(&self) -> Counts {
        self.counts.clone()
    }
}

/// Whether a part belongs to a copy of SQLite.
pub(super) fn is_part(name: &str) -> bool {
    name.strip_prefix(DOCUMENTS_FILE).is_some_and(|rest| rest.starts_with('/'))
}

/// A data folder without users, to restore into. The empty database that `serve` or `check` created there is replaced.
pub async fn target(data_dir: &Path) -> StoreResult<Box<dyn RestoreRepo>> {
    std::fs::create_dir_all(data_dir).map_err(unavailable)?;
    let there = data_dir.join(DOCUMENTS_FILE);
    if there.exists() && counts(&there).await?.get("users").is_some_and(|users| *users > 0) {
        return Err(StoreError::Conflict("a database with users"));
    }
    let unfinished = File::create(data_dir.join(UNFINISHED)).await.map_err(unavailable)?;
    Ok(Box::new(Target { data_dir: data_dir.to_owned(), unfinished }))
}

struct Target {
    data_dir: PathBuf,
    unfinished: File,
}

#[async_trait]
impl RestoreRepo for Target {
    fn backend(&self) -> Backend {
        Backend::Sqlite
    }

    async fn put(&mut self, part: Part) -> StoreResult<()> {
        if !is_part(&part.name) {
            return Err(StoreError::Damaged(format!("{} does not belong in a backup of SQLite", part.name)));
        }
        self.unfinished.write_all(&part.bytes).await.map_err(unavailable)
    }

    async fn finish(&mut self) -> StoreResult<Restored> {
        self.unfinished.flush().await.map_err(unavailable)?;
        let unfinished = self.data_dir.join(UNFINISHED);
        let mut connection = SqliteConnectOptions::new().filename(&unfinished).connect().await?;
        let health: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await?;
        if health != "ok" {
            return Err(StoreError::Damaged(health));
        }
        sqlx::query("UPDATE conversations SET head = head + ?").bind(REVS_SKIPPED).execute(&mut connection).await?;
        for table in NOT_RESTORED {
            sqlx::query(AssertSqlSafe(format!("DELETE FROM \"{table}\""))).execute(&mut connection).await?;
        }
        connection.close().await?;
        let counts = counts(&unfinished).await?;
        self.take_its_place(&unfinished).await.map_err(unavailable)?;
        Ok(Restored { counts, ingested_again: 0 })
    }
}

impl Target {
    /// Events of answers belong to another database and are deleted with the empty one.
    async fn take_its_place(&self, unfinished: &Path) -> std::io::Result<()> {
        for file in [DOCUMENTS_FILE, JOURNAL_FILE] {
            for end in ["", "-wal", "-shm"] {
                remove(&self.data_dir.join(format!("{file}{end}")))?;
            }
        }
        self.unfinished.sync_all().await?;
        std::fs::rename(unfinished, self.data_dir.join(DOCUMENTS_FILE))?;
        std::fs::File::open(&self.data_dir)?.sync_all()
    }
}

fn remove(file: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Counts the rows of each table in a file that nobody writes to.
async fn counts(file: &Path) -> StoreResult<Counts> {
    let mut connection = SqliteConnectOptions::new().filename(file).connect().await?;
    let of_tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let tables: Vec<String> = sqlx::query_scalar(of_tables).fetch_all(&mut connection).await?;
    let mut counts = Counts::new();
    for table in tables {
        let count = AssertSqlSafe(format!("SELECT count(*) FROM \"{table}\""));
        let rows: i64 = sqlx::query_scalar(count).fetch_one(&mut connection).await?;
        counts.insert(table, rows.unsigned_abs());
    }
    connection.close().await?;
    Ok(counts)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unavailable(error: std::io::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
