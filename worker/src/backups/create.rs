//! Creates a backup archive of everything.

use std::collections::BTreeMap;

use age::x25519::Recipient;
use async_trait::async_trait;
use collabry_shared::backups::SigningKey;
use collabry_shared::clock::Clock;
use collabry_shared::config::Setting;
use collabry_shared::stores::Stores;
use futures::TryStreamExt as _;
use tokio::io::AsyncWrite;
use tokio_util::io::StreamReader;

use super::archive::{ArchiveWriter, DATABASE, FILES};
use super::manifest::{self, Manifest};

/// Receives each entry that was written or read; an error aborts the operation.
#[async_trait]
pub trait Progress: Send {
    async fn on_entry(&mut self, name: &str, bytes: u64) -> anyhow::Result<()>;
}

/// What a backup is made from.
#[derive(Debug)]
pub struct Backup<'a> {
    pub stores: &'a Stores,
    pub settings: &'a [Setting],
    /// The content of the `.env` file that holds the settings, if there is one.
    pub env_file: Option<&'a str>,
    /// The public key that the backup is encrypted to.
    pub recipient: Option<&'a Recipient>,
    /// The secret key that signs the backup.
    pub signing_key: Option<&'a SigningKey>,
    /// The file name of the backup, where it is known.
    pub name: Option<&'a str>,
}

impl Backup<'_> {
    /// Writes the archive. After an error the output has no manifest, so that readers reject it.
    pub async fn write(
        &self,
        output: impl AsyncWrite + Send + Unpin + 'static,
        clock: &dyn Clock,
        progress: &mut dyn Progress,
    ) -> anyhow::Result<Manifest> {
        let began = clock.now();
        let mut archive = ArchiveWriter::new(output, self.recipient).await?;
        let mut parts = self.stores.backups.copy().await?;
        while let Some(part) = parts.next().await? {
            let entry = archive.add(format!("{DATABASE}{}", part.name), part.bytes.len() as u64, &*part.bytes).await?;
            progress.on_entry(&entry.name, entry.bytes).await?;
        }
        // Files come after the database: each was stored before anything referred to it, and never changes.
        let files = self.files(&mut archive, progress).await?;
        let manifest = Manifest {
            format: manifest::FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            backend: self.stores.backups.backend(),
            name: self.name.map(str::to_owned),
            signer: None,
            began,
            ended: clock.now(),
            counts: parts.counts(),
            files,
            settings: BTreeMap::new(),
            env_file: self.env_file.filter(|_| self.recipient.is_some()).map(str::to_owned),
            secrets_left_out: Vec::new(),
            entries: Vec::new(),
        };
        let manifest = manifest.with_settings(self.settings, self.recipient.is_some());
        archive.finish(manifest, self.signing_key).await
    }

    async fn files(&self, archive: &mut ArchiveWriter, progress: &mut dyn Progress) -> anyhow::Result<u64> {
        let (mut files, mut all) = (0, self.stores.blobs.files());
        while let Some((key, bytes)) = all.try_next().await? {
            // The file was purged since it was listed.
            let Some(content) = self.stores.blobs.get(&key).await? else {
                continue;
            };
            let entry = archive.add(format!("{FILES}{key}"), bytes, StreamReader::new(content)).await?;
            progress.on_entry(&entry.name, entry.bytes).await?;
            files += 1;
        }
        Ok(files)
    }
}
