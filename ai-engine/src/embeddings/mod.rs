//! Text to vectors.

mod bert;
mod kernels;
mod local;
mod math;
mod native;
mod queue;
mod remembered;
mod weights;

use async_trait::async_trait;

pub use self::kernels::{SlowKernels, choose_blas_kernels};
pub use self::local::LocalEmbedder;
pub use self::math::dot;
pub use self::remembered::Remembered;

/// Who waits for the vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// A person.
    Query,
    /// Ingestion: gives way to everything that people wait for.
    Background,
}

#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// The queue is full; ask again later.
    #[error("the embedder is full of work")]
    Busy,
    #[error("the embedding model cannot be used: {0}")]
    Model(String),
}

/// An embedding model, in this process or behind an endpoint.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// Length of every vector.
    fn dimensions(&self) -> usize;
    /// One unit-length vector per text, in order. Text beyond the model's window is cut off.
    async fn embed(&self, texts: Vec<String>, priority: Priority) -> Result<Vec<Vec<f32>>, EmbedError>;
}
