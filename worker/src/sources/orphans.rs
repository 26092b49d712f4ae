//! Removes files that belong to no source: of uploads whose process was killed between the file and its source.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use collabry_shared::clock::Clock;
use collabry_shared::ids::SourceId;
use collabry_shared::storage::Blobs;
use collabry_shared::stores::Stores;
use futures::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};

use crate::jobs::{Task, Turn};

/// No upload takes longer, so a file that is older has its source or will never have one.
const OLD: SignedDuration = SignedDuration::from_hours(24);

/// Files that are looked up together.
const BATCH: usize = 500;

pub(crate) struct ClearFiles {
    pub stores: Stores,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Task for ClearFiles {
    async fn run(&self, turn: &Turn) -> anyhow::Result<()> {
        let now = self.clock.now();
        turn.check().await?;
        self.stores.blobs.clear_unfinished(now).await?;
        let mut files = self.stores.blobs.files_before(now.saturating_sub(OLD).unwrap_or(Timestamp::MIN));
        let mut batch: BTreeMap<String, SourceId> = BTreeMap::new();
        while let Some(key) = files.try_next().await? {
            // What is not named like a source's file is somebody else's.
            if let Some(source) = Blobs::source_of(&key) {
                batch.insert(key, source);
            }
            if batch.len() >= BATCH {
                self.clear(turn, std::mem::take(&mut batch)).await?;
            }
        }
        self.clear(turn, batch).await
    }
}

impl ClearFiles {
    async fn clear(&self, turn: &Turn, batch: BTreeMap<String, SourceId>) -> anyhow::Result<()> {
        let sources: Vec<SourceId> = batch.values().copied().collect();
        let owned = self.stores.sources.blob_keys(&sources).await?;
        for (key, source) in batch.into_iter().filter(|(key, _)| !owned.contains(key)) {
            turn.check().await?;
            self.stores.blobs.delete(&key).await?;
            tracing::info!(%source, "removed a file that belongs to no source");
        }
        Ok(())
    }
}
