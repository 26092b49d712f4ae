//! The ai-engine: ingestion, retrieval and generation.

pub mod embeddings;
pub mod generations;
pub mod models;
pub mod retrieval;
pub mod sources;
