//! Deletes files that belong to no source: their upload's process was killed after it stored the file and before it stored
//! the source.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use collabry_shared::clock::Clock;
use collabry_shared::ids::SourceId;
use collabry_shared::storage::Blobs;
use collabry_shared::stores::Stores;
use futures::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};

use crate::jobs::{JobHandler, LeasedRun};

/// No upload takes longer, so an older file either has its source or never will.
const MIN_AGE: SignedDuration = SignedDuration::from_hours(24);

/// How many files are looked up together.
const BATCH: usize = 500;

pub(crate) struct ClearFiles {
    pub stores: Stores,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl JobHandler for ClearFiles {
    async fn run(&self, run: &LeasedRun) -> anyhow::Result<()> {
        let now = self.clock.now();
        run.check_lease().await?;
        self.stores.blobs.clear_unfinished(now).await?;
        let mut files = self.stores.blobs.files_before(now.saturating_sub(MIN_AGE).unwrap_or(Timestamp::MIN));
        let mut batch: BTreeMap<String, SourceId> = BTreeMap::new();
        while let Some(key) = files.try_next().await? {
            // A file that is not named like a source's file is not ours.
            if let Some(source) = Blobs::source_of(&key) {
                batch.insert(key, source);
            }
            if batch.len() >= BATCH {
                self.clear(run, std::mem::take(&mut batch)).await?;
            }
        }
        self.clear(run, batch).await
    }
}

impl ClearFiles {
    async fn clear(&self, run: &LeasedRun, batch: BTreeMap<String, SourceId>) -> anyhow::Result<()> {
        let sources: Vec<SourceId> = batch.values().copied().collect();
        let owned = self.stores.sources.blob_keys(&sources).await?;
        for (key, source) in batch.into_iter().filter(|(key, _)| !owned.contains(key)) {
            run.check_lease().await?;
            self.stores.blobs.delete(&key).await?;
            tracing::info!(%source, "orphaned file deleted");
        }
        Ok(())
    }
}
