//! What the api asks of an ai-engine: wire types, and the one trait behind which it is in process or over HTTP.

mod client;
pub mod wire;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::client::EngineClient;
use crate::health::DependencyStatus;
use crate::ids::{GenerationId, NotebookId, SourceId};
use crate::models::ProviderStatus;
use crate::sources::SegmentId;
use crate::storage::StoreError;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchRequest {
    pub notebook_id: NotebookId,
    /// What to search; see [`ready_segments`](crate::sources::ready_segments).
    pub segments: Vec<SegmentId>,
    pub query: String,
    /// How many hits at most, 1 to 100.
    pub limit: u32,
}

/// A passage that was found. Offsets are in Unicode code points of the version's text, `end` exclusive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchHit {
    pub source_id: SourceId,
    pub version: u32,
    pub chunk_index: u32,
    pub page: u32,
    pub start: u64,
    pub end: u64,
    pub headings: Vec<String>,
    /// As that of a citation: among the rows of a table, under the names of its columns.
    pub text: String,
    /// Fused rank score: comparable within one answer only.
    pub score: f32,
    /// Cosine of query and passage, -1 to 1.
    pub similarity: f32,
}

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No place is free; ask again later.
    #[error("the engine is full of work")]
    Busy,
    #[error("the engine cannot be reached")]
    Unreachable,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Internal(String),
}

/// An ai-engine, in this process or another one.
#[async_trait]
pub trait AiEngine: Send + Sync {
    /// Claims a queued generation and runs it; returns as soon as it is claimed. Starting one that is not queued any
    /// more does nothing. `notebook` is the generation's.
    async fn start_generation(&self, notebook: NotebookId, id: GenerationId) -> Result<(), EngineError>;
    /// Stops a generation, whoever runs it; `false` when it is over. The text so far becomes the answer.
    async fn stop_generation(&self, id: GenerationId) -> Result<bool, EngineError>;
    /// Hits best first.
    async fn search(&self, request: &SearchRequest) -> Result<Vec<SearchHit>, EngineError>;
    async fn models(&self) -> Result<Vec<ProviderStatus>, EngineError>;
    /// Says that a source was queued or deleted, so that it need not wait for the next look at the queue.
    async fn sources_changed(&self);
    /// The engines and what they depend on.
    async fn ready(&self) -> Vec<DependencyStatus>;
}
