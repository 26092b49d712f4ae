//! What the embedded database says of files that it cannot use, or not whole.

use std::path::Path;
use std::sync::Arc;

use collabry_shared::check::{self, Verdict};
use collabry_shared::clock::SystemClock;
use collabry_shared::config::Config;
use collabry_shared::storage::StoreError;
use collabry_shared::stores::{self, Stores};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::fixtures::{owned_conversation, sent};

const MESSAGES: usize = 40;

async fn open(folder: &Path) -> Result<Stores, StoreError> {
    stores::open_embedded(folder, Arc::new(SystemClock)).await
}

/// What `check` says of the database in a folder.
async fn verdict(folder: &Path) -> Verdict {
    let mut config = Config::from_lookup(|_| None).unwrap();
    config.storage.data_dir = folder.to_owned();
    let findings = check::dependencies(&config).await;
    findings.into_iter().find(|finding| finding.subject.starts_with("database")).unwrap().verdict
}

#[tokio::test]
async fn a_newer_database_is_not_called_damaged() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).await.unwrap());
    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("collabry.db"));
    let mut connection = file.connect().await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations VALUES (9999, 'future', CURRENT_TIMESTAMP, 1, x'00', 0)";
    sqlx::query(newer).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();

    let error = open(folder.path()).await.err().unwrap();
    assert!(matches!(error, StoreError::Newer(9999)), "{error}");
    let Verdict::Problem(problem) = verdict(folder.path()).await else { panic!("no problem") };
    assert!(problem.contains("newer version") && problem.contains("restore the backup"), "{problem}");
    assert!(!problem.contains("damaged"), "{problem}");
}

/// The database of a server that wrote forty messages and was killed: the main file and a log of some hundred frames.
async fn killed() -> tempfile::TempDir {
    let (running, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let stores = open(running.path()).await.unwrap();
    let conversation = owned_conversation(&stores).await.id;
    for n in 0..MESSAGES {
        sent(&stores, conversation, &n.to_string()).await;
    }
    for name in ["collabry.db", "collabry.db-wal"] {
        std::fs::copy(running.path().join(name), killed.path().join(name)).unwrap();
    }
    killed
}

#[tokio::test]
async fn a_log_that_was_damaged_in_its_middle_is_told_and_kept() {
    let folder = killed().await;
    assert_eq!(verdict(folder.path()).await, Verdict::Fine);
    let log = folder.path().join("collabry.db-wal");
    let mut bytes = std::fs::read(&log).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4096].iter_mut().for_each(|byte| *byte = !*byte);
    std::fs::write(&log, &bytes).unwrap();

    let Verdict::Problem(problem) = verdict(folder.path()).await else { panic!("no problem") };
    assert!(problem.contains("write-ahead log lost"), "{problem}");
    open(folder.path()).await.unwrap();
    let kept = std::fs::read(folder.path().join("collabry.db-wal.damaged")).unwrap();
    assert_eq!(kept, bytes, "the copy is the log as it was");
}

#[tokio::test]
async fn an_unfinished_end_of_the_log_is_no_damage() {
    let folder = killed().await;
    let log = folder.path().join("collabry.db-wal");
    let bytes = std::fs::read(&log).unwrap();
    std::fs::write(&log, &bytes[..bytes.len() - 5_000]).unwrap();
    assert_eq!(verdict(folder.path()).await, Verdict::Fine);
    open(folder.path()).await.unwrap();
    assert!(!folder.path().join("collabry.db-wal.damaged").exists());
}
