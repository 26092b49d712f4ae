//! The product's own ingestion and search on a data folder that goes away afterwards.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use collabry_ai_engine::embeddings::{CachedEmbedder, Embedder, LocalEmbedder};
use collabry_ai_engine::retrieval::{Retrieval, Search as _};
use collabry_ai_engine::sources::{Extractor, Ingestion, IngestionParts};
use collabry_shared::auth::{Email, Name, User};
use collabry_shared::clock::{Clock, SystemClock};
use collabry_shared::config::EngineConfig;
use collabry_shared::engine::{SearchHit, SearchRequest};
use collabry_shared::ids::{NotebookId, OwnerId, SourceId, UserId};
use collabry_shared::notebooks::{Notebook, Title};
use collabry_shared::realtime::LocalFanOut;
use collabry_shared::sources::{Chunk, Format, IngestState, SegmentId, Source, SourceVersion, ready_segments};
use collabry_shared::storage::Blobs;
use collabry_shared::stores::{self, Stores};
use jiff::SignedDuration;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// Long enough to store a source.
const LEASE: SignedDuration = SignedDuration::from_mins(10);

/// How often to look whether ingestion is done.
const POLL: Duration = Duration::from_millis(20);

/// One notebook and the machinery around it.
pub struct Workbench {
    pub retrieval: Retrieval,
    pub stores: Stores,
    pub embedder: Arc<dyn Embedder>,
    notebook: Notebook,
    config: EngineConfig,
    clock: Arc<dyn Clock>,
    _folder: TempDir,
}

impl Workbench {
    pub async fn open(config: EngineConfig) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let stores = stores::open_embedded(folder.path(), Arc::clone(&clock)).await?;
        let local = LocalEmbedder::start(&config.model_dir, config.threads)?;
        let embedder: Arc<dyn Embedder> = Arc::new(CachedEmbedder::new(local));
        let retrieval = Retrieval::new(
            Arc::clone(&stores.segments),
            Arc::clone(&embedder),
            config.vector_memory_bytes,
            config.threads,
        )?;
        let notebook = notebook(&stores, clock.as_ref()).await?;
        Ok(Self { retrieval, stores, embedder, notebook, config, clock, _folder: folder })
    }

    /// Uploads a file; it waits for [`ingest`](Self::ingest).
    pub async fn add(&self, name: &str, format: Format, text: String) -> anyhow::Result<SourceId> {
        let (id, now) = (SourceId::new(), self.clock.now());
        let version =
            SourceVersion::queued(1, format, text.len() as u64, Blobs::source_key(self.notebook.id, id, 1), now);
        self.stores.blobs.put(&version.blob_key, text.into_bytes().into()).await?;
        let source = Source::uploaded(id, self.notebook.id, self.notebook.created_by, name.to_owned(), version);
        self.stores.sources.create(&source).await?;
        Ok(id)
    }

    /// Makes everything that was added searchable. `extract_program` runs the extraction child as `extract`.
    pub async fn ingest(&self, extract_program: &Path) -> anyhow::Result<()> {
        let extraction = self.config.extraction.clone();
        let ingestion = Ingestion::new(IngestionParts {
            stores: self.stores.clone(),
            fan_out: Arc::new(LocalFanOut::new().0),
            embedder: Arc::clone(&self.embedder),
            clock: Arc::clone(&self.clock),
            extractor: Extractor::new(extract_program.to_owned(), extraction.clone()),
            config: extraction,
        })?;
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(Arc::new(ingestion).run(shutdown.clone()));
        let done = self.until_ready().await;
        shutdown.cancel();
        running.await?;
        done
    }

    async fn until_ready(&self) -> anyhow::Result<()> {
        loop {
            let sources = self.stores.sources.list(self.notebook.id).await?;
            for source in &sources {
                if let IngestState::Failed(failure) = &source.latest.state {
                    bail!("{}: {}", source.name, failure.message);
                }
            }
            if sources.iter().all(|source| source.ready_version.is_some()) {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Makes a source of finished chunks searchable.
    pub async fn add_chunks(&self, name: &str, chunks: &[Chunk]) -> anyhow::Result<()> {
        self.add(name, Format::Text, String::new()).await?;
        let (queue, now) = (&self.stores.ingest_queue, self.clock.now());
        let claim = queue.claim(OwnerId::new(), now, now + LEASE).await?.context("nothing to claim")?;
        self.stores.segments.put_chunks(&claim, chunks).await?;
        queue.ready(&claim, None, u32::try_from(chunks.len())?, now).await?;
        Ok(())
    }

    /// The segments of everything that is searchable.
    pub async fn segments(&self) -> anyhow::Result<Vec<SegmentId>> {
        Ok(ready_segments(&self.stores.sources.list(self.notebook.id).await?, None))
    }

    pub async fn search(&self, query: &str, limit: u32) -> anyhow::Result<Vec<SearchHit>> {
        self.search_among(self.segments().await?, query, limit).await
    }

    pub async fn search_among(
        &self,
        segments: Vec<SegmentId>,
        query: &str,
        limit: u32,
    ) -> anyhow::Result<Vec<SearchHit>> {
        let request = SearchRequest { notebook_id: self.notebook.id, segments, query: query.to_owned(), limit };
        Ok(self.retrieval.search(&request).await?)
    }
}

async fn notebook(stores: &Stores, clock: &dyn Clock) -> anyhow::Result<Notebook> {
    let (user, now) = (UserId::new(), clock.now());
    let owner = User {
        id: user,
        ..User::new(Email::parse("bench@example.org")?, Name::parse("Bench").context("a name")?, now)
    };
    stores.users.create(&owner, &"$argon2id$".into()).await?;
    let notebook = Notebook {
        id: NotebookId::new(),
        title: Title::parse("Bench").context("a title")?,
        join_code: None,
        created_by: user,
        created_at: now,
        updated_at: now,
    };
    stores.notebooks.create(&notebook).await?;
    Ok(notebook)
}

impl std::fmt::Debug for Workbench {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workbench").finish_non_exhaustive()
    }
}
