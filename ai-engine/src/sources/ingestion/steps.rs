//! The steps of one ingestion: fetch, extract, chunk, embed.

use std::path::Path;

use collabry_shared::sources::{FailureCode, Format, IngestState, Origin};
use futures::StreamExt as _;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use tokio::task::spawn_blocking;
use tokio_util::io::ReaderStream;
use url::Url;

use super::Ingestion;
use super::batches::Prepared;
use super::lease::{Lease, Stop, held};
use crate::sources::document::Document;

/// Titles of web pages can be anything.
const MAX_NAME_CHARS: usize = 200;

impl Ingestion {
    /// From the stored file or address to a searchable segment.
    pub(super) async fn take_in(&self, lease: &Lease<'_>) -> Result<(), Stop> {
        // An earlier attempt may have left a part.
        held(self.parts.stores.sources.clear_segment(lease.claim).await)?;
        let document = self.read(lease).await?;
        let page_count = u32::try_from(document.pages.len()).ok().filter(|pages| *pages > 0);
        lease.enter(IngestState::Chunk).await?;
        let prepared = spawn_blocking(move || Prepared::from(&document)).await?;
        if prepared.passages.is_empty() {
            return Err(Stop::Failed { at: "chunk", code: FailureCode::NoText });
        }
        held(self.parts.stores.sources.put_pages(lease.claim, &prepared.pages).await)?;
        let chunk_count = self.embed(lease, prepared.passages).await?;
        let now = self.parts.clock.now();
        held(self.parts.stores.sources.ready(lease.claim, page_count, chunk_count, now).await)
    }

    /// The document, read in a private folder that is gone afterwards.
    async fn read(&self, lease: &Lease<'_>) -> Result<Document, Stop> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("input");
        let mut fetched = None;
        if let (Origin::Url { url }, Format::Web) = (&lease.claim.source.origin, lease.claim.version.format) {
            fetched = Some(self.fetch(lease, url, &file).await?);
        } else {
            self.copy_blob(lease, &file).await?;
        }
        lease.enter(IngestState::Extract).await?;
        let format = fetched.as_ref().map_or(lease.claim.version.format, |fetched| fetched.0);
        let extracted = self.parts.extractor.extract(format, &file, folder.path()).await;
        let document = extracted.map_err(|code| Stop::Failed { at: "extract", code })?;
        if let (Some((format, size)), Some(title)) = (fetched, &document.title) {
            lease.fetched(&short(title), format, size).await?;
        }
        Ok(document)
    }

    /// Fetches the page and keeps it as the version's blob.
    async fn fetch(&self, lease: &Lease<'_>, url: &Url, file: &Path) -> Result<(Format, u64), Stop> {
        lease.enter(IngestState::Fetch).await?;
        let fetched = self.fetcher.fetch(url, file).await.map_err(|code| Stop::Failed { at: "fetch", code })?;
        let blobs = &self.parts.stores.blobs;
        blobs.put_stream(&lease.claim.version.blob_key, ReaderStream::new(File::open(file).await?)).await?;
        let recorded = lease.fetched(&short(fetched.url.as_str()), fetched.format, fetched.size).await;
        if let Err(Stop::Lost) = recorded {
            self.drop_blob_of_deleted(lease).await?;
        }
        recorded.map(|()| (fetched.format, fetched.size))
    }

    /// The source may have been deleted, and purged, before its page was stored.
    async fn drop_blob_of_deleted(&self, lease: &Lease<'_>) -> Result<(), Stop> {
        let source = &lease.claim.source;
        if self.parts.stores.sources.notebook_of(source.id).await?.is_none() {
            self.parts.stores.blobs.delete_source(source.notebook_id, source.id).await?;
        }
        Ok(())
    }

    async fn copy_blob(&self, lease: &Lease<'_>, file: &Path) -> Result<(), Stop> {
        let Some(mut blob) = self.parts.stores.blobs.get(&lease.claim.version.blob_key).await? else {
            return Err(Stop::Failed { at: "extract", code: FailureCode::FileMissing });
        };
        let mut output = File::create(file).await?;
        while let Some(bytes) = blob.next().await {
            output.write_all(&bytes?).await?;
        }
        output.flush().await?;
        Ok(())
    }
}

fn short(name: &str) -> String {
    name.chars().take(MAX_NAME_CHARS).collect()
}
