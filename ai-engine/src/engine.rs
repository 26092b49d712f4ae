//! Builds, runs and drains the ai-engine.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use collabry_shared::clock::Clock;
use collabry_shared::config::EngineConfig;
use collabry_shared::engine::{AiEngine, EngineError, SearchHit, SearchRequest};
use collabry_shared::health::DependencyStatus;
use collabry_shared::health::metrics::ours;
use collabry_shared::ids::{GenerationId, NotebookId};
use collabry_shared::models::ProviderStatus;
use collabry_shared::realtime::FanOut;
use collabry_shared::storage::StoreResult;
use collabry_shared::stores::Stores;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

use crate::embeddings::{Embedder, LocalEmbedder, Remembered};
use crate::generations::{GenerationParts, Generations};
use crate::metrics::Gauges;
use crate::models::{Extractive, Known, Models, RetryPolicy};
use crate::outcomes::{Outcomes, count};
use crate::retrieval::{Retrieval, Search};
use crate::sources::{Extractor, Ingestion, IngestionParts};

/// What generations that run at shutdown have left to come to their end.
const DRAIN: Duration = Duration::from_secs(5);

/// What an engine is made of; which backends are behind the traits is decided by whoever builds it.
pub struct EngineParts {
    pub config: EngineConfig,
    pub stores: Stores,
    pub fan_out: Arc<dyn FanOut>,
    pub clock: Arc<dyn Clock>,
    /// Starts the program that reads files.
    pub extractor: Extractor,
}

impl std::fmt::Debug for EngineParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineParts").finish_non_exhaustive()
    }
}

/// Ingestion, retrieval and generation, in this process.
#[derive(Debug)]
pub struct Engine {
    stores: Stores,
    clock: Arc<dyn Clock>,
    ingestion: Arc<Ingestion>,
    retrieval: Arc<Retrieval>,
    models: Arc<Models>,
    generations: Generations,
    searches: Outcomes,
}

impl Engine {
    /// Loads the embedding model; fails when it is not there.
    pub fn build(parts: EngineParts) -> anyhow::Result<Self> {
        let EngineParts { config, stores, fan_out, clock, extractor } = parts;
        let local = LocalEmbedder::start(&config.model_dir, config.threads)?;
        let embedder: Arc<dyn Embedder> = Arc::new(Remembered::new(local));
        let retrieval = Arc::new(Retrieval::new(
            Arc::clone(&stores.segments),
            Arc::clone(&embedder),
            config.vector_memory_bytes,
            config.threads,
        )?);
        let extractive = Arc::new(Extractive::new(Arc::clone(&embedder)));
        let models = Arc::new(Models::new(&config.providers, extractive, &clock, RetryPolicy::default())?);
        let generations = Generations::new(
            GenerationParts {
                stores: stores.clone(),
                search: Arc::clone(&retrieval) as _,
                models: Arc::clone(&models),
                fan_out: Arc::clone(&fan_out),
                clock: Arc::clone(&clock),
            },
            config.concurrent_generations,
        );
        let ingestion = Arc::new(Ingestion::new(IngestionParts {
            stores: stores.clone(),
            fan_out,
            embedder,
            clock: Arc::clone(&clock),
            extractor,
            config: config.extraction,
        })?);
        Ok(Self { stores, clock, ingestion, retrieval, models, generations, searches: Outcomes::default() })
    }

    /// Works until `shutdown`; then what runs comes to an end of its own or is interrupted, and is stored as such.
    pub async fn run(&self, shutdown: CancellationToken) -> StoreResult<()> {
        self.generations.recover().await?;
        let ingestion = Arc::clone(&self.ingestion).run(shutdown.clone());
        let generations = async {
            self.generations.keep_recovering(shutdown.clone()).await;
            self.generations.shutdown(DRAIN).await;
        };
        let unwanted = self.generations.keep_dropping_unwanted(shutdown.clone());
        tokio::join!(ingestion, generations, unwanted, self.models.keep_listing(shutdown.clone()));
        Ok(())
    }

    pub(crate) fn stores(&self) -> &Stores {
        &self.stores
    }

    /// Claims a queued generation and runs it; see [`AiEngine::start_generation`].
    pub(crate) async fn start(&self, id: GenerationId) -> Result<(), EngineError> {
        self.generations.start(id).await
    }

    /// Adds the engine's counters and gauges.
    pub fn register(&self, registry: &mut Registry) {
        let registry = ours(registry).sub_registry_with_prefix("engine");
        registry.register("searches", "Searches by how they ended", self.searches.clone());
        self.ingestion.register(registry);
        self.generations.register(registry);
        self.retrieval.register(registry);
        registry.register_collector(Box::new(Gauges {
            generations: self.generations.clone(),
            retrieval: Arc::clone(&self.retrieval),
            models: Arc::clone(&self.models),
        }));
    }

    /// Takes over what a process before this one left, without waiting for its leases: for a process that knows that it
    /// is the only one to use its storage.
    pub async fn take_over(&self) -> StoreResult<()> {
        self.stores.ingest_queue.end_leases(self.clock.now()).await?;
        self.generations.recover_as_only_engine().await
    }
}

#[async_trait]
impl AiEngine for Engine {
    async fn start_generation(&self, _: NotebookId, id: GenerationId) -> Result<(), EngineError> {
        self.start(id).await
    }

    async fn stop_generation(&self, id: GenerationId) -> Result<bool, EngineError> {
        self.generations.stop(id).await
    }

    async fn search(&self, request: &SearchRequest) -> Result<Vec<SearchHit>, EngineError> {
        let found = self.retrieval.search(request).await;
        let outcome = match &found {
            Ok(_) => "answered",
            Err(EngineError::Busy) => "refused",
            Err(_) => "failed",
        };
        count(&self.searches, outcome);
        found
    }

    async fn models(&self) -> Result<Vec<ProviderStatus>, EngineError> {
        Ok(self.models.statuses().await)
    }

    async fn sources_changed(&self) {
        self.ingestion.nudge();
    }

    /// The providers of models, as they were when they were last asked. The embedding model is loaded once it is built,
    /// and what the stores need is for their owner to ask.
    async fn ready(&self) -> Vec<DependencyStatus> {
        let status = |Known { status, took }: Known| DependencyStatus {
            name: format!("models of {}", status.provider),
            required: false,
            ready: status.healthy,
            latency_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            problem: status.problem,
        };
        self.models.known().into_iter().map(status).collect()
    }
}
