//! Embeds texts as vectors.

mod bert;
mod cached;
mod kernels;
mod local;
mod math;
mod native;
mod queue;
mod weights;

use async_trait::async_trait;

pub use self::cached::CachedEmbedder;
pub use self::kernels::{SlowKernels, choose_blas_kernels};
pub use self::local::LocalEmbedder;
pub use self::math::dot;

/// Who needs the vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// A person.
    Query,
    /// Ingestion, which yields to everything that people wait for.
    Background,
}

#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// The queue is full; try again later.
    #[error("the embedder is at capacity")]
    Busy,
    #[error("the embedding model cannot be used: {0}")]
    Model(String),
}

/// An embedding model, in this process or behind an endpoint.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// The length of every vector.
    fn dimensions(&self) -> usize;
    /// One vector of unit length for each text, in order. Text beyond the model's window is ignored.
    async fn embed(&self, texts: Vec<String>, priority: Priority) -> Result<Vec<Vec<f32>>, EmbedError>;
}
