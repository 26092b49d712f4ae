//! Why there is no answer.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why an answer could not be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// Stable, for machines.
    #[schema(example = "model_not_found")]
    pub code: String,
    /// One sentence for people.
    pub message: String,
    /// Whether asking again may help.
    pub retryable: bool,
}
