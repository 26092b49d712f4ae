//! The backup of each night.

use std::sync::Arc;

use age::x25519::Recipient;
use async_trait::async_trait;
use collabry_shared::clock::Clock;
use collabry_shared::config::Setting;
use collabry_shared::storage::Stores;

use super::create::{Backup, Watch};
use super::place::Place;
use crate::jobs::{Task, Turn};

pub(crate) struct BackUp {
    pub stores: Stores,
    pub clock: Arc<dyn Clock>,
    pub place: Place,
    pub keep: usize,
    pub settings: Vec<Setting>,
    pub recipient: Option<Recipient>,
}

/// The archive carries the name of its slot: a run that is made again takes its place.
#[async_trait]
impl Task for BackUp {
    async fn run(&self, turn: &Turn) -> anyhow::Result<()> {
        let name = Place::name(turn.slot(), self.recipient.is_some());
        let backup = Backup {
            stores: &self.stores,
            settings: &self.settings,
            env_file: None,
            recipient: self.recipient.as_ref(),
        };
        let output = self.place.0.writer(&name);
        let manifest = backup.write(output, self.clock.as_ref(), &mut StillOurs(turn)).await?;
        tracing::info!(name, bytes = manifest.bytes(), files = manifest.files, "a backup was made");
        turn.check().await?;
        self.place.forget(self.keep).await
    }
}

struct StillOurs<'a>(&'a Turn);

#[async_trait]
impl Watch for StillOurs<'_> {
    async fn entry(&mut self, _: &str, _: u64) -> anyhow::Result<()> {
        self.0.check().await
    }
}
