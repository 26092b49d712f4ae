//! The backup of each night.

use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use collabry_shared::clock::Clock;
use collabry_shared::config::{BackupConfig, Setting};
use collabry_shared::stores::Stores;

use super::create::{Backup, Watch};
use super::place::Place;
use crate::jobs::{Task, Turn};

pub(crate) struct BackUp {
    pub stores: Stores,
    pub clock: Arc<dyn Clock>,
    pub config: BackupConfig,
    pub settings: Vec<Setting>,
}

/// The archive carries the name of its slot: a run that is made again takes its place.
#[async_trait]
impl Task for BackUp {
    async fn run(&self, turn: &Turn) -> anyhow::Result<()> {
        let BackupConfig { keep, recipient, signing_key, .. } = &self.config;
        // Opened for each run: a place that is away for a while fails its runs, and nothing else of the worker.
        let place = Place::open(&self.config, self.clock.now())?.context("COLLABRY_BACKUP_URL is not set")?;
        let name = Place::name(turn.slot(), recipient.is_some());
        let backup = Backup {
            stores: &self.stores,
            settings: &self.settings,
            env_file: None,
            recipient: recipient.as_ref(),
            signing_key: signing_key.as_ref(),
            name: Some(&name),
        };
        let output = place.0.writer(&name);
        let manifest = backup.write(output, self.clock.as_ref(), &mut StillOurs(turn)).await?;
        place.close_to_others(&name)?;
        tracing::info!(name, bytes = manifest.bytes(), files = manifest.files, "a backup was made");
        turn.check().await?;
        place.forget(*keep).await
    }
}

struct StillOurs<'a>(&'a Turn);

#[async_trait]
impl Watch for StillOurs<'_> {
    async fn entry(&mut self, _: &str, _: u64) -> anyhow::Result<()> {
        self.0.check().await
    }
}
