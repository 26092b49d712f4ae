//! Finds the passages that may answer a question.

mod cache;
pub mod followup;
mod fusion;
mod metrics;
mod pool;
mod rank;
mod search;
mod segment;
mod text;
mod tokenizer;
mod vectors;

use async_trait::async_trait;
use collabry_shared::engine::{EngineError, SearchHit, SearchRequest};
use collabry_shared::sources::Chunk;

pub use self::search::Retrieval;
pub use self::vectors::{CoarseLayout, Vectors};

/// Search over segments.
#[async_trait]
pub trait Search: Send + Sync {
    /// The hits, best first, at most `request.limit`.
    async fn search(&self, request: &SearchRequest) -> Result<Vec<SearchHit>, EngineError>;
}

/// The text by which a chunk is embedded and searched: headings help to find their passages.
pub fn searched_text(chunk: &Chunk) -> String {
    if chunk.headings.is_empty() {
        return chunk.text.clone();
    }
    format!("{}\n{}", chunk.headings.join(" > "), chunk.text)
}
