//! The disks that this process stores data on, and how much space is free.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use rustix::fs::statvfs;

use crate::config::Config;
use crate::storage::BlobConfig;

const DATA: &str = "data";
const FILES: &str = "files";
const BACKUPS: &str = "backups";

/// What a request is about to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// Only to the database.
    Documents,
    /// A file and its record in the database.
    Files,
}

/// Folders by content: `data` (the embedded database), `files` and `backups`.
#[derive(Debug, Clone, Default)]
pub struct Disks(Arc<Vec<(&'static str, PathBuf)>>);

impl Disks {
    /// The disks of a data folder that holds everything.
    pub fn embedded(data_dir: &Path) -> Self {
        Self(Arc::new(vec![(DATA, data_dir.to_owned()), (FILES, data_dir.join("blobs"))]))
    }

    /// The disks of the configured folders; a database server and a bucket have theirs elsewhere.
    pub fn of(config: &Config) -> Self {
        let mut folders = Vec::new();
        let storage = &config.storage;
        if storage.mongodb.is_none() {
            folders.push((DATA, storage.data_dir.clone()));
        }
        match &storage.blobs {
            BlobConfig::DataDir => folders.push((FILES, storage.data_dir.join("blobs"))),
            BlobConfig::Folder(folder) => folders.push((FILES, folder.clone())),
            BlobConfig::S3(_) => {}
        }
        if let Some(BlobConfig::Folder(folder)) = &config.worker.backups.location {
            folders.push((BACKUPS, folder.clone()));
        }
        Self(Arc::new(folders))
    }

    /// Free bytes by content. A folder that cannot be read is left out with a line in the log; the folder of backups is left
    /// out silently, because only a worker must have it.
    pub fn free(&self) -> Vec<(&'static str, u64)> {
        let ask = |(name, folder): &(&'static str, PathBuf)| match statvfs(folder) {
            Ok(found) => Some((*name, found.f_bavail.saturating_mul(found.f_frsize))),
            Err(_) if *name == BACKUPS => None,
            Err(error) => {
                tracing::warn!(%error, folder = %folder.display(), "cannot read the free disk space");
                None
            }
        };
        self.0.iter().filter_map(ask).collect()
    }

    /// Returns a disk that the write would go to and that has less than `floor` bytes free.
    pub fn below(&self, floor: u64, writes: Writes) -> Option<&'static str> {
        let concerns = |name| name == DATA || (name == FILES && writes == Writes::Files);
        self.free().into_iter().find(|(name, free)| concerns(*name) && *free < floor).map(|(name, _)| name)
    }
}

impl Collector for Disks {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let help = "Bytes that are free on the disk of the embedded database, of files and of backups";
        let mut family = encoder.encode_descriptor("data_free_bytes", help, None, MetricType::Gauge)?;
        for (name, free) in self.free() {
            let gauge = ConstGauge::new(i64::try_from(free).unwrap_or(i64::MAX));
            gauge.encode(family.encode_family(&[("where", name)])?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_told_by_place() {
        let folder = tempfile::tempdir().unwrap();
        let disks = Disks(Arc::new(vec![(DATA, folder.path().to_owned())]));
        assert!(disks.free()[0].1 > 0);
        for writes in [Writes::Documents, Writes::Files] {
            assert_eq!((disks.below(0, writes), disks.below(u64::MAX, writes)), (None, Some(DATA)));
        }
        // With the database on a server, a full disk of files is in nobody's way who writes a message.
        let disks = Disks(Arc::new(vec![(FILES, folder.path().to_owned())]));
        let below = |writes| disks.below(u64::MAX, writes);
        assert_eq!((below(Writes::Documents), below(Writes::Files)), (None, Some(FILES)));
    }

    #[test]
    fn a_full_disk_of_backups_is_told_and_refuses_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let place = format!("file://{}", folder.path().display());
        let config = Config::from_lookup(|name| match name {
            "COLLABRY_BACKUP_URL" => Some(place.clone()),
            "COLLABRY_MONGODB_URI" | "MONGODB_URI" => Some("mongodb://localhost/x".to_owned()),
            "COLLABRY_BLOBS_URL" => Some("s3://files".to_owned()),
            _ => None,
        });
        let disks = Disks::of(&config.unwrap());
        let told: Vec<_> = disks.free().into_iter().map(|(name, _)| name).collect();
        assert!(told.contains(&BACKUPS), "{told:?}");
        assert_ne!(disks.below(u64::MAX, Writes::Files), Some(BACKUPS));
        drop(folder);
        assert!(disks.free().iter().all(|(name, _)| *name != BACKUPS), "no worker runs here");
    }
}
