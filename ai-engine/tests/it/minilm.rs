//! Finds the embedding model for the tests.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use collabry_ai_engine::embeddings::LocalEmbedder;

/// `COLLABRY_MODEL_DIR`, or the folder where `scripts/fetch-model.sh` puts it.
pub fn folder() -> PathBuf {
    let set = std::env::var_os("COLLABRY_MODEL_DIR").map(PathBuf::from);
    set.unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../models/all-MiniLM-L6-v2")))
}

/// One embedder for all tests: loading takes time, and more threads than cores make it slow.
pub fn embedder() -> Arc<LocalEmbedder> {
    static SHARED: OnceLock<Arc<LocalEmbedder>> = OnceLock::new();
    Arc::clone(SHARED.get_or_init(|| Arc::new(LocalEmbedder::start(&folder(), 0).unwrap())))
}
