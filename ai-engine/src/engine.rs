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

use crate::embeddings::{CachedEmbedder, Embedder, LocalEmbedder};
use crate::generations::{GenerationParts, Generations};
use crate::metrics::Gauges;
use crate::models::{Extractive, Models, ProviderSnapshot, RetryPolicy};
use crate::outcomes::{Outcomes, count};
use crate::retrieval::{Retrieval, Search};
use crate::sources::{Extractor, Ingestion, IngestionParts};

/// How long running generations may go on after shutdown was requested.
const DRAIN: Duration = Duration::from_secs(5);

/// The parts of an engine. Whoever builds it chooses the backends behind the traits.
pub struct EngineParts {
    pub config: EngineConfig,
    pub stores: Stores,
    pub fan_out: Arc<dyn FanOut>,
    pub clock: Arc<dyn Clock>,
    /// Starts the child process that reads files.
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
    /// Loads the embedding model; fails when it is missing.
    pub fn build(parts: EngineParts) -> anyhow::Result<Self> {
        let EngineParts { config, stores, fan_out, clock, extractor } = parts;
        let local = LocalEmbedder::start(&config.model_dir, config.threads)?;
        let embedder: Arc<dyn Embedder> = Arc::new(CachedEmbedder::new(local));
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

    /// Works until `shutdown`; then running generations finish, or are interrupted and stored as such.
    pub async fn run(&self, shutdown: CancellationToken) -> StoreResult<()> {
        self.generations.recover().await?;
        let ingestion = Arc::clone(&self.ingestion).run(shutdown.clone());
        let generations = async {
            self.generations.keep_recovering(shutdown.clone()).await;
            self.generations.shutdown(DRAIN).await;
        };
        let unwanted = self.generations.keep_dropping_unwanted(shutdown.clone());
        tokio::join!(ingestion, generations, unwanted, self.models.keep_refreshing(shutdown.clone()));
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
        registry.register("searches", "Searches, by outcome", self.searches.clone());
        self.ingestion.register(registry);
        self.generations.register(registry);
        self.retrieval.register(registry);
        registry.register_collector(Box::new(Gauges {
            generations: self.generations.clone(),
            retrieval: Arc::clone(&self.retrieval),
            models: Arc::clone(&self.models),
        }));
    }

    /// Takes over what an earlier process left behind, without waiting for its leases to expire: for a process that is
    /// known to be the only one that uses its storage.
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
        let result = self.retrieval.search(request).await;
        let outcome = match &result {
            Ok(_) => "answered",
            Err(EngineError::Busy) => "refused",
            Err(_) => "failed",
        };
        count(&self.searches, outcome);
        result
    }

    async fn models(&self) -> Result<Vec<ProviderStatus>, EngineError> {
        Ok(self.models.statuses().await)
    }

    async fn sources_changed(&self) {
        self.ingestion.nudge();
    }

    /// The model providers, as of their last snapshots. The embedding model is loaded once the engine is built, and the
    /// stores are probed by their owner.
    async fn ready(&self) -> Vec<DependencyStatus> {
        let status = |ProviderSnapshot { status, elapsed }: ProviderSnapshot| DependencyStatus {
            name: format!("models of {}", status.provider),
            required: false,
            ready: status.healthy,
            latency_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            problem: status.problem,
        };
        self.models.snapshots().into_iter().map(status).collect()
    }
}
