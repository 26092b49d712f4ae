//! The folder or bucket that holds the backups, and their names.

use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use collabry_shared::config::BackupConfig;
use collabry_shared::storage::BlobConfig;
use collabry_shared::storage::Blobs;
use futures::TryStreamExt as _;
use jiff::Timestamp;
use tokio::io::AsyncRead;
use tokio_util::io::StreamReader;

const PREFIX: &str = "collabry-";

/// Backups and the folder that holds them are readable by their owner only: a backup contains everything.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// A folder or bucket of backups, whose names sort by time; for a folder also its path.
#[derive(Debug, Clone)]
pub struct BackupStore(pub Blobs, Option<PathBuf>);

impl BackupStore {
    /// Opens the store of `COLLABRY_BACKUP_URL`; `None` when it is not set.
    pub fn open(config: &BackupConfig, now: Timestamp) -> anyhow::Result<Option<Self>> {
        let open = |location: &BlobConfig| -> anyhow::Result<Self> {
            let folder = match location {
                BlobConfig::Folder(folder) => Some(folder.clone()),
                BlobConfig::DataDir | BlobConfig::S3(_) => None,
            };
            if let Some(folder) = folder.as_ref().filter(|folder| !folder.exists()) {
                DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
            }
            Ok(Self(Blobs::open(location, Path::new("."), now)?, folder))
        };
        config.location.as_ref().map(open).transpose().context("COLLABRY_BACKUP_URL")
    }

    /// Makes a written backup readable by its owner only.
    pub fn make_private(&self, name: &str) -> anyhow::Result<()> {
        let Some(folder) = &self.1 else { return Ok(()) };
        let set = std::fs::set_permissions(folder.join(name), Permissions::from_mode(FILE_MODE));
        set.with_context(|| format!("restricting {name} to its owner"))
    }

    /// The name of the backup made at a time.
    pub fn name(at: Timestamp, encrypted: bool) -> String {
        let suffix = if encrypted { ".age" } else { "" };
        format!("{PREFIX}{}.tar.gz{suffix}", at.strftime("%Y%m%dT%H%M%SZ"))
    }

    /// The time in a backup's name, to the second.
    pub fn time(name: &str) -> Option<Timestamp> {
        let (time, _) = name.strip_prefix(PREFIX)?.split_once('.')?;
        jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", time)
            .ok()?
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()
            .map(|at| at.timestamp())
    }

    /// The names of all backups, oldest first.
    pub async fn names(&self) -> anyhow::Result<Vec<String>> {
        Ok(self.sizes().await?.into_iter().map(|(name, _)| name).collect())
    }

    /// Names and sizes in bytes, oldest first.
    pub async fn sizes(&self) -> anyhow::Result<Vec<(String, u64)>> {
        let mut found: Vec<_> = self.0.list().try_collect().await?;
        found.retain(|(name, _)| name.starts_with(PREFIX) && !name.contains('/'));
        found.sort_unstable();
        Ok(found)
    }

    /// Streams the backup of this name.
    pub async fn read(&self, name: &str) -> anyhow::Result<impl AsyncRead + Send + Unpin + use<>> {
        let found = self.0.get(name).await?.with_context(|| format!("there is no backup {name}"))?;
        Ok(StreamReader::new(found))
    }

    /// Deletes all backups but the `keep` newest.
    pub async fn prune(&self, keep: usize) -> anyhow::Result<()> {
        let names = self.names().await?;
        for old in names.iter().rev().skip(keep) {
            self.0.delete(old).await?;
            tracing::info!(name = old, "old backup deleted");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::BackupStore;

    #[test]
    fn a_name_is_a_time() {
        let at = "2026-03-01T02:30:00.9Z".parse().unwrap();
        assert_eq!(BackupStore::name(at, false), "collabry-20260301T023000Z.tar.gz");
        assert_eq!(BackupStore::name(at, true), "collabry-20260301T023000Z.tar.gz.age");
        for encrypted in [false, true] {
            assert_eq!(
                BackupStore::time(&BackupStore::name(at, encrypted)),
                Some("2026-03-01T02:30:00Z".parse().unwrap())
            );
        }
        assert_eq!(BackupStore::time("collabry-by-hand.tar.gz"), None);
    }
}
