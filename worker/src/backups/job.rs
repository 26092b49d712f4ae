//! The job that makes the nightly backup.

use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use collabry_shared::clock::Clock;
use collabry_shared::config::{BackupConfig, Setting};
use collabry_shared::stores::Stores;

use super::create::{Backup, Progress};
use super::store::BackupStore;
use crate::jobs::{JobHandler, LeasedRun};

pub(crate) struct BackupJob {
    pub stores: Stores,
    pub clock: Arc<dyn Clock>,
    pub config: BackupConfig,
    pub settings: Vec<Setting>,
}

/// Names the archive after the run's slot, so that a repeated run replaces it.
#[async_trait]
impl JobHandler for BackupJob {
    async fn run(&self, run: &LeasedRun) -> anyhow::Result<()> {
        let BackupConfig { keep, recipient, signing_key, .. } = &self.config;
        // Opened for each run, so that a store that is unavailable for a while fails only those runs.
        let store = BackupStore::open(&self.config, self.clock.now())?.context("COLLABRY_BACKUP_URL is not set")?;
        let name = BackupStore::name(run.slot(), recipient.is_some());
        let backup = Backup {
            stores: &self.stores,
            settings: &self.settings,
            env_file: None,
            recipient: recipient.as_ref(),
            signing_key: signing_key.as_ref(),
            name: Some(&name),
        };
        let output = store.0.writer(&name);
        let manifest = backup.write(output, self.clock.as_ref(), &mut CheckLease(run)).await?;
        store.make_private(&name)?;
        tracing::info!(name, bytes = manifest.bytes(), files = manifest.files, "backup made");
        run.check_lease().await?;
        store.prune(*keep).await
    }
}

struct CheckLease<'a>(&'a LeasedRun);

#[async_trait]
impl Progress for CheckLease<'_> {
    async fn on_entry(&mut self, _: &str, _: u64) -> anyhow::Result<()> {
        self.0.check_lease().await
    }
}
