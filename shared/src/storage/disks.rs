//! The disks that this process keeps something on, and how much room they have.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use rustix::fs::statvfs;

use crate::config::{BlobConfig, StorageConfig};

/// Folders by what is in them: `data` (the embedded database) and `files`.
#[derive(Debug, Clone, Default)]
pub struct Disks(Arc<Vec<(&'static str, PathBuf)>>);

impl Disks {
    /// Of a data folder that holds everything.
    pub fn embedded(data_dir: &Path) -> Self {
        Self(Arc::new(vec![("data", data_dir.to_owned()), ("files", data_dir.join("blobs"))]))
    }

    /// Those that the configuration names; a database server and a bucket have their disks elsewhere.
    pub fn of(config: &StorageConfig) -> Self {
        let mut folders = Vec::new();
        if config.mongodb.is_none() {
            folders.push(("data", config.data_dir.clone()));
        }
        match &config.blobs {
            BlobConfig::DataDir => folders.push(("files", config.data_dir.join("blobs"))),
            BlobConfig::Folder(folder) => folders.push(("files", folder.clone())),
            BlobConfig::S3(_) => {}
        }
        Self(Arc::new(folders))
    }

    /// Bytes that are free, by what is there. A folder that cannot be asked is left out, and says so in the log.
    pub fn free(&self) -> Vec<(&'static str, u64)> {
        let ask = |(name, folder): &(&'static str, PathBuf)| match statvfs(folder) {
            Ok(found) => Some((*name, found.f_bavail.saturating_mul(found.f_frsize))),
            Err(error) => {
                tracing::warn!(%error, folder = %folder.display(), "free room cannot be told");
                None
            }
        };
        self.0.iter().filter_map(ask).collect()
    }

    /// Where less than `floor` bytes are free.
    pub fn below(&self, floor: u64) -> Option<&'static str> {
        self.free().into_iter().find(|(_, free)| *free < floor).map(|(name, _)| name)
    }
}

impl Collector for Disks {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let help = "Bytes that are free on the disk of the embedded database and of files";
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
        let disks = Disks(Arc::new(vec![("data", folder.path().to_owned())]));
        assert!(disks.free()[0].1 > 0);
        assert_eq!((disks.below(0), disks.below(u64::MAX)), (None, Some("data")));
    }
}
