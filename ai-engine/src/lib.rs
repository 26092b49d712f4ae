//! The ai-engine: ingestion, retrieval and generation.

pub mod check;
pub mod embeddings;
mod engine;
pub mod generations;
pub mod http;
mod metrics;
pub mod models;
mod outcomes;
pub mod retrieval;
pub mod sources;

pub use self::engine::{Engine, EngineParts};
