//! An archive, into an empty system.

use anyhow::ensure;
use async_trait::async_trait;
use collabry_shared::backups::{Part, RestoreRepo, Restored};
use collabry_shared::storage::Blobs;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

use super::archive::{ArchiveReader, DATABASE, FILES, Take};
use super::create::Watch;
use super::manifest::Manifest;

/// Puts everything where it belongs, and compares what is there then with the manifest. After an error a part is there: the
/// same backup can be restored over it, another one needs an empty system.
pub async fn restore(
    archive: ArchiveReader,
    database: &mut dyn RestoreRepo,
    blobs: &Blobs,
    watch: &mut dyn Watch,
) -> anyhow::Result<(Manifest, Restored)> {
    let mut target = Target { database, blobs, watch };
    let manifest = archive.read(&mut target).await?;
    let (made, takes) = (manifest.backend, target.database.backend());
    ensure!(made == takes, "the backup is of {made}, and this is {takes}");
    let restored = target.database.finish().await?;
    for (name, expected) in &manifest.counts {
        let found = restored.counts.get(name).copied().unwrap_or_default();
        ensure!(found == *expected, "{name}: {found} are there instead of {expected}");
    }
    Ok((manifest, restored))
}

struct Target<'a> {
    database: &'a mut dyn RestoreRepo,
    blobs: &'a Blobs,
    watch: &'a mut dyn Watch,
}

#[async_trait]
impl Take for Target<'_> {
    async fn take(&mut self, name: &str, content: &mut (dyn AsyncRead + Send + Unpin)) -> anyhow::Result<()> {
        let bytes = if let Some(part) = name.strip_prefix(DATABASE) {
            let mut bytes = Vec::new();
            let read = content.read_to_end(&mut bytes).await?;
            self.database.put(Part { name: part.to_owned(), bytes: bytes.into() }).await?;
            read as u64
        } else if let Some(key) = name.strip_prefix(FILES) {
            let mut blob = self.blobs.writer(key);
            let copied = tokio::io::copy(content, &mut blob).await?;
            blob.shutdown().await?;
            copied
        } else {
            anyhow::bail!("a backup has no such entry")
        };
        self.watch.entry(name, bytes).await
    }
}
