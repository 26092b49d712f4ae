//! What the api asks of an ai-engine: wire types, and the one trait behind which it is in process or over HTTP.

mod client;
mod pattern;
pub mod wire;

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::client::EngineClient;
pub use self::pattern::ModelPattern;
use crate::ids::{GenerationId, NotebookId, SourceId};
use crate::sources::SegmentId;
use crate::storage::StoreError;

const BUILTIN: &str = "builtin";

/// `provider/name`, for example `builtin/extractive` or `ollama/llama3.2:3b`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelId {
    provider: String,
    name: String,
}

#[derive(Debug, thiserror::Error)]
#[error("a model is named provider/name, for example builtin/extractive")]
pub struct InvalidModelId;

impl ModelId {
    const MAX_BYTES: usize = 200;

    pub fn parse(text: &str) -> Result<Self, InvalidModelId> {
        let (provider, name) = text.split_once('/').ok_or(InvalidModelId)?;
        let ok = !provider.is_empty()
            && provider.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !name.is_empty()
            && !name.contains(|c: char| c.is_control() || c.is_whitespace())
            && text.len() <= Self::MAX_BYTES;
        if ok { Ok(Self { provider: provider.to_owned(), name: name.to_owned() }) } else { Err(InvalidModelId) }
    }

    /// The answerer that is always there.
    pub fn extractive() -> Self {
        Self { provider: BUILTIN.to_owned(), name: "extractive".to_owned() }
    }

    /// Whether it answers by itself, without asking anybody outside.
    pub fn is_builtin(&self) -> bool {
        self.provider == BUILTIN
    }

    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// The name by which the provider knows it.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.name)
    }
}

impl TryFrom<String> for ModelId {
    type Error = InvalidModelId;

    fn try_from(text: String) -> Result<Self, InvalidModelId> {
        Self::parse(&text)
    }
}

impl From<ModelId> for String {
    fn from(id: ModelId) -> Self {
        id.to_string()
    }
}

/// A provider and the models that it really has now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderStatus {
    /// `builtin`, `ollama`, `openai`, `anthropic`.
    pub provider: String,
    pub healthy: bool,
    /// What is wrong, in a sentence.
    pub problem: Option<String>,
    pub models: Vec<ModelInfo>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelInfo {
    #[schema(value_type = String)]
    pub id: ModelId,
    /// What people see.
    pub label: String,
}

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

/// One dependency of a process, for `/ready`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DependencyStatus {
    pub name: String,
    /// Whether the process cannot serve without it.
    pub required: bool,
    pub ready: bool,
    pub latency_ms: u64,
    pub problem: Option<String>,
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
