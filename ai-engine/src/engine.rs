//! The engine from its parts to its end.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use collabry_shared::clock::Clock;
use collabry_shared::config::EngineConfig;
use collabry_shared::engine::{AiEngine, DependencyStatus, EngineError, ProviderStatus, SearchHit, SearchRequest};
use collabry_shared::ids::GenerationId;
use collabry_shared::realtime::FanOut;
use collabry_shared::storage::{StoreResult, Stores};
use tokio_util::sync::CancellationToken;

use crate::embeddings::{EmbedError, Embedder, LocalEmbedder};
use crate::generations::{Extractive, Generations, Parts};
use crate::models::{Models, RetryPolicy};
use crate::retrieval::{Retrieval, Search};
use crate::sources::Ingestion;

/// What generations that run at shutdown have left to come to their end.
const DRAIN: Duration = Duration::from_secs(5);

/// What an engine is made of; which backends are behind the traits is decided by whoever builds it.
pub struct EngineParts {
    pub config: EngineConfig,
    pub stores: Stores,
    pub fan_out: Arc<dyn FanOut>,
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for EngineParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineParts").finish_non_exhaustive()
    }
}

#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("the embedding model: {0}")]
    Embedder(#[from] EmbedError),
    #[error("an HTTP client: {0}")]
    Http(#[from] reqwest::Error),
}
