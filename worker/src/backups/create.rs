//! Everything, into an archive.

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

/// Who hears of each entry, and may end it there.
#[async_trait]
pub trait Watch: Send {
    async fn entry(&mut self, name: &str, bytes: u64) -> anyhow::Result<()>;
}

/// A backup to be made.
#[derive(Debug)]
pub struct Backup<'a> {
    pub stores: &'a Stores,
    pub settings: &'a [Setting],
    /// The file they are kept in, if there is one.
    pub env_file: Option<&'a str>,
    /// The public key to encrypt it to.
    pub recipient: Option<&'a Recipient>,
    /// The secret key to sign it with.
    pub signing_key: Option<&'a SigningKey>,
    /// What it will be called, where that is known.
    pub name: Option<&'a str>,
}

impl Backup<'_> {
    /// Writes the archive. What comes of an error has no manifest, and is refused by whoever reads it.
    pub async fn write(
        &self,
        output: impl AsyncWrite + Send + Unpin + 'static,
        clock: &dyn Clock,
        watch: &mut dyn Watch,
    ) -> anyhow::Result<Manifest> {
        let began = clock.now();
        let mut archive = ArchiveWriter::new(output, self.recipient).await?;
        let mut parts = self.stores.backups.copy().await?;
        while let Some(part) = parts.next().await? {
            let entry = archive.add(format!("{DATABASE}{}", part.name), part.bytes.len() as u64, &*part.bytes).await?;
            watch.entry(&entry.name, entry.bytes).await?;
        }
        // After the database: a file is there before anything refers to it, and never changes.
        let files = self.files(&mut archive, watch).await?;
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

    async fn files(&self, archive: &mut ArchiveWriter, watch: &mut dyn Watch) -> anyhow::Result<u64> {
        let (mut files, mut all) = (0, self.stores.blobs.files());
        while let Some((key, bytes)) = all.try_next().await? {
            // Purged since it was listed.
            let Some(content) = self.stores.blobs.get(&key).await? else {
                continue;
            };
            let entry = archive.add(format!("{FILES}{key}"), bytes, StreamReader::new(content)).await?;
            watch.entry(&entry.name, entry.bytes).await?;
            files += 1;
        }
        Ok(files)
    }
}
