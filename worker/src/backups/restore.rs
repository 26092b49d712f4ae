//! Restores an archive into an empty system.

use std::any::Any;
use std::fmt;

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use collabry_shared::backups::{Backend, NOT_RESTORED, Part, RestoreRepo, Restored};
use collabry_shared::clock::{Clock as _, SystemClock};
use collabry_shared::config::Config;
use collabry_shared::storage::Blobs;
use collabry_shared::stores;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

use super::archive::{ArchiveReader, Contents, DATABASE, EntrySink, FILES};
use super::create::Progress;
use super::manifest::Manifest;
use super::signature::RejectedBackup;

/// Claims the system exclusively for a restore, for as long as the returned guard lives.
pub type Claim = Box<dyn FnOnce() -> anyhow::Result<Box<dyn Any + Send>> + Send>;

/// The system that a backup is restored into. It is not touched before an entry has arrived that fits its backend.
pub struct TargetSystem<'a> {
    config: &'a Config,
    claim: Option<Claim>,
    opened: Option<Opened>,
}

struct Opened {
    database: Box<dyn RestoreRepo>,
    blobs: Blobs,
    _claim: Option<Box<dyn Any + Send>>,
}

impl fmt::Debug for TargetSystem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TargetSystem").field("touched", &self.touched()).finish_non_exhaustive()
    }
}

impl<'a> TargetSystem<'a> {
    pub fn new(config: &'a Config, claim: Claim) -> Self {
        Self { config, claim: Some(claim), opened: None }
    }

    /// Whether a part of a backup may have been restored.
    pub fn touched(&self) -> bool {
        self.opened.is_some()
    }

    /// Fails unless a backup of this backend can be restored here.
    pub fn check_backend(&self, backup: Backend) -> anyhow::Result<()> {
        let configured = stores::backend(self.config);
        let fix = match backup {
            Backend::Mongodb => "set MONGODB_URI to an empty database",
            Backend::Sqlite => "unset MONGODB_URI, and set COLLABRY_DATA_DIR to an empty folder",
        };
        ensure!(
            backup == configured,
            "this backup is of {backup}, but the settings are for {configured}: {fix}. Nothing was changed"
        );
        Ok(())
    }

    async fn open(&mut self) -> anyhow::Result<&mut Opened> {
        if self.opened.is_none() {
            let claim = self.claim.take().map(|claim| claim()).transpose()?;
            let database = stores::restore_target(self.config).await.context("a restore needs an empty database")?;
            let storage = &self.config.storage;
            let blobs = Blobs::open(&storage.blobs, &storage.data_dir, SystemClock.now())?;
            self.opened = Some(Opened { database, blobs, _claim: claim });
        }
        self.opened.as_mut().context("it was opened")
    }
}

/// Restores every entry and compares the result with the manifest. After an error a part of the backup may have been
/// restored: the same backup can be restored over it, but another one needs an empty system. `verified` is the manifest of
/// the backup as it was verified before; the restore fails when the backup is no longer the same.
pub async fn restore(
    archive: ArchiveReader,
    verified: Option<&Manifest>,
    system: &mut TargetSystem<'_>,
    progress: &mut dyn Progress,
) -> anyhow::Result<(Contents, Restored)> {
    let contents = archive.read(&mut RestoreSink { system: &mut *system, progress }).await?;
    let manifest = &contents.manifest;
    if verified.is_some_and(|verified| verified != manifest) {
        return Err(RejectedBackup::Replaced.into());
    }
    system.check_backend(manifest.backend)?;
    let restored = system.open().await?.database.finish().await?;
    for (name, expected) in manifest.counts.iter().filter(|(name, _)| !NOT_RESTORED.contains(&name.as_str())) {
        let found = restored.counts.get(name).copied().unwrap_or_default();
        ensure!(found == *expected, "{name}: {found} were restored instead of {expected}");
    }
    Ok((contents, restored))
}

struct RestoreSink<'a, 'b> {
    system: &'a mut TargetSystem<'b>,
    progress: &'a mut dyn Progress,
}

#[async_trait]
impl EntrySink for RestoreSink<'_, '_> {
    async fn write_entry(&mut self, name: &str, content: &mut (dyn AsyncRead + Send + Unpin)) -> anyhow::Result<()> {
        let bytes = if let Some(part) = name.strip_prefix(DATABASE) {
            self.system.check_backend(Backend::of_part(part))?;
            let Opened { database, .. } = self.system.open().await?;
            let mut bytes = Vec::new();
            let read = content.read_to_end(&mut bytes).await?;
            database.put(Part { name: part.to_owned(), bytes: bytes.into() }).await?;
            read as u64
        } else if let Some(key) = name.strip_prefix(FILES) {
            let mut blob = self.system.open().await?.blobs.writer(key);
            let copied = tokio::io::copy(content, &mut blob).await?;
            blob.shutdown().await?;
            copied
        } else {
            anyhow::bail!("unknown kind of entry")
        };
        self.progress.on_entry(name, bytes).await
    }
}
