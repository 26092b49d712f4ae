//! Verifies an archive against its manifest.

use async_trait::async_trait;
use tokio::io::AsyncRead;

use super::archive::{ArchiveReader, Contents, EntrySink};
use super::create::Progress;

/// Reads the whole archive and returns its contents. Only a restore shows that it can be restored.
pub async fn verify(archive: ArchiveReader, progress: &mut dyn Progress) -> anyhow::Result<Contents> {
    archive.read(&mut DiscardEntries { progress }).await
}

struct DiscardEntries<'a> {
    progress: &'a mut dyn Progress,
}

#[async_trait]
impl EntrySink for DiscardEntries<'_> {
    async fn write_entry(&mut self, name: &str, content: &mut (dyn AsyncRead + Send + Unpin)) -> anyhow::Result<()> {
        let bytes = tokio::io::copy(content, &mut tokio::io::sink()).await?;
        self.progress.on_entry(name, bytes).await
    }
}
