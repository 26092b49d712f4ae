//! An archive, read to its end and held against its manifest.

use async_trait::async_trait;
use tokio::io::AsyncRead;

use super::archive::{ArchiveReader, Contents, Take};
use super::create::Watch;

/// Reads everything, and says what there is. That it can be restored shows only a restore.
pub async fn verify(archive: ArchiveReader, watch: &mut dyn Watch) -> anyhow::Result<Contents> {
    archive.read(&mut Nowhere { watch }).await
}

struct Nowhere<'a> {
    watch: &'a mut dyn Watch,
}

#[async_trait]
impl Take for Nowhere<'_> {
    async fn take(&mut self, name: &str, content: &mut (dyn AsyncRead + Send + Unpin)) -> anyhow::Result<()> {
        let bytes = tokio::io::copy(content, &mut tokio::io::sink()).await?;
        self.watch.entry(name, bytes).await
    }
}
