//! Caches the vectors of texts that people waited for: a question is embedded for its search and again for its answer,
//! and a follow-up question is often answered from sentences that were compared before.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use sha2::{Digest as _, Sha256};

use super::{EmbedError, Embedder, Priority};

/// The memory for vectors: enough for about 19,000 of 384 numbers.
const BUDGET_BYTES: usize = 32 * 1024 * 1024;

/// The overhead of an entry: its key, links and allocations.
const ENTRY_BYTES: usize = 192;

/// The hash of a text, so that long texts cost no more than short ones.
type Key = [u8; 32];

/// Caches vectors up to a budget, and evicts the least recently used. Ingestion bypasses the cache, because it embeds
/// each text once.
pub struct CachedEmbedder<E> {
    embedder: E,
    vectors: Cache<Key, Arc<[f32]>>,
}

impl<E: Embedder> CachedEmbedder<E> {
    pub fn new(embedder: E) -> Self {
        Self::with_budget(embedder, BUDGET_BYTES)
    }

    fn with_budget(embedder: E, bytes: usize) -> Self {
        let each = embedder.dimensions() * size_of::<f32>() + ENTRY_BYTES;
        let count = (bytes / each).max(1) as u64;
        // moka's default policy, TinyLFU, may reject a new text in favour of older ones.
        let vectors = Cache::builder().max_capacity(count).eviction_policy(EvictionPolicy::lru()).build();
        Self { embedder, vectors }
    }
}

#[async_trait]
impl<E: Embedder> Embedder for CachedEmbedder<E> {
    fn dimensions(&self) -> usize {
        self.embedder.dimensions()
    }

    async fn embed(&self, texts: Vec<String>, priority: Priority) -> Result<Vec<Vec<f32>>, EmbedError> {
        if priority == Priority::Background {
            return self.embedder.embed(texts, priority).await;
        }
        let keys: Vec<Key> = texts.iter().map(|text| Sha256::digest(text).into()).collect();
        let mut found: Vec<Option<Arc<[f32]>>> = keys.iter().map(|key| self.vectors.get(key)).collect();
        let missing = texts.into_iter().zip(&found).filter(|(_, vector)| vector.is_none()).map(|(text, _)| text);
        let mut computed = self.embedder.embed(missing.collect(), priority).await?.into_iter();
        for (key, slot) in keys.into_iter().zip(&mut found).filter(|(_, vector)| vector.is_none()) {
            let vector: Arc<[f32]> = computed.next().unwrap_or_default().into();
            self.vectors.insert(key, Arc::clone(&vector));
            *slot = Some(vector);
        }
        Ok(found.into_iter().map(|vector| vector.unwrap_or_default().to_vec()).collect())
    }
}

impl<E> fmt::Debug for CachedEmbedder<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedEmbedder").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::{BUDGET_BYTES, CachedEmbedder};
    use crate::embeddings::{EmbedError, Embedder, Priority};

    /// Returns the length of a text as its vector, and records the texts.
    #[derive(Default)]
    struct Lengths(Mutex<Vec<String>>);

    #[async_trait]
    impl Embedder for Lengths {
        fn dimensions(&self) -> usize {
            1
        }

        async fn embed(&self, texts: Vec<String>, _priority: Priority) -> Result<Vec<Vec<f32>>, EmbedError> {
            if texts.iter().any(String::is_empty) {
                return Err(EmbedError::Busy);
            }
            let length = |text: &String| vec![f32::from(u16::try_from(text.len()).unwrap())];
            let vectors = texts.iter().map(length).collect();
            self.0.lock().unwrap().extend(texts);
            Ok(vectors)
        }
    }

    impl CachedEmbedder<Lengths> {
        async fn ask(&self, texts: &[&str]) -> Vec<Vec<f32>> {
            let texts = texts.iter().map(|text| (*text).to_owned()).collect();
            let vectors = self.embed(texts, Priority::Query).await.unwrap();
            self.vectors.run_pending_tasks();
            vectors
        }

        fn computed(&self) -> Vec<String> {
            std::mem::take(&mut self.embedder.0.lock().unwrap())
        }
    }

    #[tokio::test]
    async fn only_what_is_missing_is_computed_and_each_text_gets_its_own() {
        let cached = CachedEmbedder::with_budget(Lengths::default(), BUDGET_BYTES);
        cached.ask(&["bb"]).await;
        assert_eq!(cached.ask(&["a", "bb", "ccc"]).await, [[1.0], [2.0], [3.0]]);
        assert_eq!(cached.computed(), ["bb", "a", "ccc"]);
    }

    #[tokio::test]
    async fn the_least_recently_used_is_evicted() {
        let cached = CachedEmbedder::with_budget(Lengths::default(), 2 * (super::ENTRY_BYTES + size_of::<f32>()));
        for text in ["a", "bb", "a", "ccc", "a", "bb"] {
            cached.ask(&[text]).await;
        }
        assert_eq!(cached.computed(), ["a", "bb", "ccc", "bb"]);
    }

    #[tokio::test]
    async fn ingestion_and_failures_are_not_cached() {
        let cached = CachedEmbedder::with_budget(Lengths::default(), BUDGET_BYTES);
        cached.embed(vec!["a".to_owned()], Priority::Background).await.unwrap();
        assert!(cached.embed(vec!["bb".to_owned(), String::new()], Priority::Query).await.is_err());
        assert_eq!(cached.ask(&["a", "bb"]).await, [[1.0], [2.0]]);
        assert_eq!(cached.computed(), ["a", "a", "bb"]);
    }
}
