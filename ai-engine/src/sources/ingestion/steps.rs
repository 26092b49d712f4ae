//! The steps of one ingestion: fetch, extract, chunk, embed.

use std::path::Path;

use collabry_shared::sources::{FailureCode, Format, IngestState, Origin, SourceVersion};
use futures::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use tokio::task::spawn_blocking;
use tokio_util::io::ReaderStream;
use url::Url;

use super::Ingestion;
use super::batches::Prepared;
use super::lease::{Lease, Stop, held};
use super::turns::Ask;
use crate::sources::document::Document;

/// Titles of web pages can be anything.
const MAX_NAME_CHARS: usize = 200;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// What was achieved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// The page is stored, and waits for its turn to be read like any other file.
    Page,
    In,
}

impl Ingestion {
    /// From the stored file or address to a searchable segment; a page only as far as its file.
    pub(super) async fn take_in(&self, lease: &Lease<'_>) -> Result<Taken, Stop> {
        if let (Origin::Url { url }, Format::Web) = (&lease.claim.source.origin, lease.claim.version.format) {
            self.fetch(lease, url).await?;
            return Ok(Taken::Page);
        }
        // An earlier attempt may have left a part.
        held(self.parts.stores.segments.clear_segment(lease.claim).await)?;
        let document = self.read(lease).await?;
        let page_count = u32::try_from(document.pages.len()).ok().filter(|pages| *pages > 0);
        let not_read = document.not_read(page_count);
        lease.enter(IngestState::Chunk).await?;
        let prepared = spawn_blocking(move || Prepared::from(&document)).await?;
        self.check_share(lease, prepared.passages.len()).await?;
        held(self.parts.stores.ingest_queue.put_not_read(lease.claim, &not_read).await)?;
        held(self.parts.stores.segments.put_pages(lease.claim, &prepared.pages).await)?;
        let chunk_count = self.embed(lease, prepared.passages).await?;
        let now = self.parts.clock.now();
        held(self.parts.stores.ingest_queue.ready(lease.claim, page_count, chunk_count, now).await)?;
        Ok(Taken::In)
    }

    /// The document, read in a private folder that is gone afterwards.
    async fn read(&self, lease: &Lease<'_>) -> Result<Document, Stop> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("input");
        let SourceVersion { format, size, .. } = lease.claim.version;
        let turn = self.reading.next(Ask { person: lease.claim.person(), cost: 1, left: size }).await;
        self.copy_blob(lease, &file).await?;
        lease.enter(IngestState::Extract).await?;
        let extracted = self.parts.extractor.extract(format, &file, folder.path()).await;
        drop(turn);
        let document = extracted.map_err(|code| Stop::Failed { at: "extract", code })?;
        if let (Origin::Url { .. }, Some(title)) = (&lease.claim.source.origin, &document.title) {
            lease.fetched(&short(title), format, size).await?;
        }
        Ok(document)
    }

    /// What one source, and one person in an hour, may make of passages.
    async fn check_share(&self, lease: &Lease<'_>, passages: usize) -> Result<(), Stop> {
        let failed = |code| Err(Stop::Failed { at: "chunk", code });
        let (passages, config) = (passages as u64, &self.parts.config);
        if passages == 0 {
            return failed(FailureCode::NoText);
        }
        if config.max_passages.is_some_and(|most| passages > most) {
            return failed(FailureCode::TooManyPassages);
        }
        if let Some(most) = config.passages_per_hour {
            let hour_ago = self.parts.clock.now().saturating_sub(HOUR).unwrap_or(Timestamp::MIN);
            let spent = self.parts.stores.sources.passages_since(lease.claim.person(), hour_ago).await?;
            if spent.saturating_add(passages) > most {
                return failed(FailureCode::PassagesSpent);
            }
        }
        Ok(())
    }

    /// Fetches the page and keeps it as the version's blob.
    async fn fetch(&self, lease: &Lease<'_>, url: &Url) -> Result<(), Stop> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("page");
        lease.enter(IngestState::Fetch).await?;
        let fetched = self.fetcher.fetch(url, &file).await.map_err(|code| Stop::Failed { at: "fetch", code })?;
        let blobs = &self.parts.stores.blobs;
        blobs.put_stream(&lease.claim.version.blob_key, ReaderStream::new(File::open(&file).await?)).await?;
        let recorded = lease.fetched(&short(fetched.url.as_str()), fetched.format, fetched.size).await;
        if let Err(Stop::Lost) = recorded {
            self.drop_blob_of_deleted(lease).await?;
        }
        recorded
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
