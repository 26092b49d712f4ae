//! From a question to the passages that may answer it.

pub mod chunker;

use async_trait::async_trait;
use collabry_shared::engine::{EngineError, SearchHit, SearchRequest};

/// Search over segments.
#[async_trait]
pub trait Search: Send + Sync {
    /// Hits best first, at most `request.limit`.
    async fn search(&self, request: &SearchRequest) -> Result<Vec<SearchHit>, EngineError>;
}
