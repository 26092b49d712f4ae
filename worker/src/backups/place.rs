//! Where backups lie, and how they are called there.

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

const BEGIN: &str = "collabry-";

/// Of a folder that is made here, and of what is written there: whoever reads a backup has everything.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// A folder or a bucket with backups, whose names are in the order of their times. A folder is known by its path too.
#[derive(Debug, Clone)]
pub struct Place(pub Blobs, Option<PathBuf>);

impl Place {
    /// The one of `COLLABRY_BACKUP_URL`; `None` when it is not set.
    pub fn open(config: &BackupConfig, now: Timestamp) -> anyhow::Result<Option<Self>> {
        let open = |place: &BlobConfig| -> anyhow::Result<Self> {
            let folder = match place {
                BlobConfig::Folder(folder) => Some(folder.clone()),
                BlobConfig::DataDir | BlobConfig::S3(_) => None,
            };
            if let Some(folder) = folder.as_ref().filter(|folder| !folder.exists()) {
                DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
            }
            Ok(Self(Blobs::open(place, Path::new("."), now)?, folder))
        };
        config.place.as_ref().map(open).transpose().context("COLLABRY_BACKUP_URL")
    }

    /// Closes a backup that was written to everybody but its owner.
    pub fn close_to_others(&self, name: &str) -> anyhow::Result<()> {
        let Some(folder) = &self.1 else { return Ok(()) };
        let set = std::fs::set_permissions(folder.join(name), Permissions::from_mode(FILE_MODE));
        set.with_context(|| format!("closing {name} to others"))
    }

    /// What the backup of a time is called.
    pub fn name(at: Timestamp, encrypted: bool) -> String {
        let end = if encrypted { ".age" } else { "" };
        format!("{BEGIN}{}.tar.gz{end}", at.strftime("%Y%m%dT%H%M%SZ"))
    }

    /// The time in the name of a backup, to the second.
    pub fn time(name: &str) -> Option<Timestamp> {
        let (time, _) = name.strip_prefix(BEGIN)?.split_once('.')?;
        jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", time)
            .ok()?
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()
            .map(|at| at.timestamp())
    }

    /// Oldest first.
    pub async fn names(&self) -> anyhow::Result<Vec<String>> {
        Ok(self.sizes().await?.into_iter().map(|(name, _)| name).collect())
    }

    /// Names and bytes, oldest first.
    pub async fn sizes(&self) -> anyhow::Result<Vec<(String, u64)>> {
        let mut found: Vec<_> = self.0.list().try_collect().await?;
        found.retain(|(name, _)| name.starts_with(BEGIN) && !name.contains('/'));
        found.sort_unstable();
        Ok(found)
    }

    /// The backup of this name, as a stream.
    pub async fn read(&self, name: &str) -> anyhow::Result<impl AsyncRead + Send + Unpin + use<>> {
        let found = self.0.get(name).await?.with_context(|| format!("there is no backup {name}"))?;
        Ok(StreamReader::new(found))
    }

    /// Removes all but the newest so many.
    pub async fn forget(&self, keep: usize) -> anyhow::Result<()> {
        let names = self.names().await?;
        for old in names.iter().rev().skip(keep) {
            self.0.delete(old).await?;
            tracing::info!(name = old, "an old backup was removed");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn a_name_is_a_time() {
        let at = "2026-03-01T02:30:00.9Z".parse().unwrap();
        assert_eq!(Place::name(at, false), "collabry-20260301T023000Z.tar.gz");
        assert_eq!(Place::name(at, true), "collabry-20260301T023000Z.tar.gz.age");
        for encrypted in [false, true] {
            assert_eq!(Place::time(&Place::name(at, encrypted)), Some("2026-03-01T02:30:00Z".parse().unwrap()));
        }
        assert_eq!(Place::time("collabry-by-hand.tar.gz"), None);
    }
}
