//! Language models: how they are named, and what providers say they have.

mod id;
mod pattern;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::id::{InvalidModelId, ModelId};
pub use self::pattern::ModelPattern;

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
