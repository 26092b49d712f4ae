//! An archive, into an empty system.

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

use super::archive::{ArchiveReader, Contents, DATABASE, FILES, Take};
use super::create::Watch;
use super::manifest::Manifest;
use super::origin::Refused;

/// Takes the system for a restore alone, as long as what it returns lives.
pub type Claim = Box<dyn FnOnce() -> anyhow::Result<Box<dyn Any + Send>> + Send>;

/// The system that a backup goes into. Nothing of it is touched before an entry has come that fits it.
pub struct System<'a> {
    config: &'a Config,
    claim: Option<Claim>,
    opened: Option<Opened>,
}

struct Opened {
    database: Box<dyn RestoreRepo>,
    blobs: Blobs,
    _claim: Option<Box<dyn Any + Send>>,
}

impl fmt::Debug for System<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("System").field("touched", &self.touched()).finish_non_exhaustive()
    }
}

impl<'a> System<'a> {
    pub fn new(config: &'a Config, claim: Claim) -> Self {
        Self { config, claim: Some(claim), opened: None }
    }

    /// Whether a part of a backup may be there by now.
    pub fn touched(&self) -> bool {
        self.opened.is_some()
    }

    /// Whether a backup of `made` can go into it.
    pub fn fits(&self, made: Backend) -> anyhow::Result<()> {
        let (here, what) = (
            stores::backend(self.config),
            match made {
                Backend::Mongodb => "set MONGODB_URI to an empty database",
                Backend::Sqlite => "unset MONGODB_URI, and set COLLABRY_DATA_DIR to an empty folder",
            },
        );
        ensure!(made == here, "this backup is of {made}, and the settings are of {here}: {what}. Nothing was touched");
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

/// Puts everything where it belongs, and compares what is there then with the manifest. After an error a part may be there:
/// the same backup can be restored over it, another one needs an empty system. Where the backup was `verified` before, it has
/// to be that one still.
pub async fn restore(
    archive: ArchiveReader,
    verified: Option<&Manifest>,
    system: &mut System<'_>,
    watch: &mut dyn Watch,
) -> anyhow::Result<(Contents, Restored)> {
    let contents = archive.read(&mut Target { system: &mut *system, watch }).await?;
    let manifest = &contents.manifest;
    if verified.is_some_and(|verified| verified != manifest) {
        return Err(Refused::Replaced.into());
    }
    system.fits(manifest.backend)?;
    let restored = system.open().await?.database.finish().await?;
    for (name, expected) in manifest.counts.iter().filter(|(name, _)| !NOT_RESTORED.contains(&name.as_str())) {
        let found = restored.counts.get(name).copied().unwrap_or_default();
        ensure!(found == *expected, "{name}: {found} are there instead of {expected}");
    }
    Ok((contents, restored))
}

struct Target<'a, 'b> {
    system: &'a mut System<'b>,
    watch: &'a mut dyn Watch,
}

#[async_trait]
impl Take for Target<'_, '_> {
    async fn take(&mut self, name: &str, content: &mut (dyn AsyncRead + Send + Unpin)) -> anyhow::Result<()> {
        let bytes = if let Some(part) = name.strip_prefix(DATABASE) {
            self.system.fits(Backend::of_part(part))?;
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
            anyhow::bail!("a backup has no such entry")
        };
        self.watch.entry(name, bytes).await
    }
}
