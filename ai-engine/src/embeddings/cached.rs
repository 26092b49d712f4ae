//! Vectors of what people lately waited for: a question is embedded for its search and again for its answer, and who asks
//! on is answered from sentences that were compared before.

use std::fmt;
use std::num::NonZero;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use lru::LruCache;
use sha2::{Digest as _, Sha256};

use super::{EmbedError, Embedder, Priority};

/// Memory for vectors: about 19,000 of 384 numbers.
const BUDGET_BYTES: usize = 32 * 1024 * 1024;

/// Key, links and allocations of an entry.
const ENTRY_BYTES: usize = 192;

/// Texts are known by their hashes, so that long ones cost no more than short ones.
type Key = [u8; 32];

/// Remembers vectors up to a budget and forgets those used least recently. Ingestion, which reads each text once, goes
/// past it.
pub struct Remembered<E> {
    embedder: E,
    vectors: Mutex<LruCache<Key, Arc<[f32]>>>,
}

impl<E: Embedder> Remembered<E> {
    pub fn new(embedder: E) -> Self {
        Self::with_budget(embedder, BUDGET_BYTES)
    }

    fn with_budget(embedder: E, bytes: usize) -> Self {
        let each = embedder.dimensions() * size_of::<f32>() + ENTRY_BYTES;
        let count = NonZero::new(bytes / each).unwrap_or(NonZero::<usize>::MIN);
        Self { embedder, vectors: Mutex::new(LruCache::new(count)) }
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<Key, Arc<[f32]>>> {
        self.vectors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl<E: Embedder> Embedder for Remembered<E> {
    fn dimensions(&self) -> usize {
        self.embedder.dimensions()
    }

    async fn embed(&self, texts: Vec<String>, priority: Priority) -> Result<Vec<Vec<f32>>, EmbedError> {
        if priority == Priority::Background {
            return self.embedder.embed(texts, priority).await;
        }
        let keys: Vec<Key> = texts.iter().map(|text| Sha256::digest(text).into()).collect();
        let mut found: Vec<Option<Arc<[f32]>>> = {
            let mut vectors = self.lock();
            keys.iter().map(|key| vectors.get(key).cloned()).collect()
        };
        let missing = texts.into_iter().zip(&found).filter(|(_, vector)| vector.is_none()).map(|(text, _)| text);
        let mut computed = self.embedder.embed(missing.collect(), priority).await?.into_iter();
        let mut vectors = self.lock();
        for (key, place) in keys.into_iter().zip(&mut found).filter(|(_, vector)| vector.is_none()) {
            let vector: Arc<[f32]> = computed.next().unwrap_or_default().into();
            vectors.put(key, Arc::clone(&vector));
            *place = Some(vector);
        }
        drop(vectors);
        Ok(found.into_iter().map(|vector| vector.unwrap_or_default().to_vec()).collect())
    }
}

impl<E> fmt::Debug for Remembered<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::{BUDGET_BYTES, Remembered};
    use crate::embeddings::{EmbedError, Embedder, Priority};

    /// The length of a text as its vector; notes what it was asked for.
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

    impl Remembered<Lengths> {
        async fn ask(&self, texts: &[&str]) -> Vec<Vec<f32>> {
            let texts = texts.iter().map(|text| (*text).to_owned()).collect();
            self.embed(texts, Priority::Query).await.unwrap()
        }

        fn computed(&self) -> Vec<String> {
            std::mem::take(&mut self.embedder.0.lock().unwrap())
        }
    }

    #[tokio::test]
    async fn only_what_is_missing_is_computed_and_each_text_gets_its_own() {
        let remembered = Remembered::with_budget(Lengths::default(), BUDGET_BYTES);
        remembered.ask(&["bb"]).await;
        assert_eq!(remembered.ask(&["a", "bb", "ccc"]).await, [[1.0], [2.0], [3.0]]);
        assert_eq!(remembered.computed(), ["bb", "a", "ccc"]);
    }

    #[tokio::test]
    async fn the_least_recently_used_is_forgotten() {
        let remembered = Remembered::with_budget(Lengths::default(), 2 * (super::ENTRY_BYTES + size_of::<f32>()));
        for text in ["a", "bb", "a", "ccc", "a", "bb"] {
            remembered.ask(&[text]).await;
        }
        assert_eq!(remembered.computed(), ["a", "bb", "ccc", "bb"]);
    }

    #[tokio::test]
    async fn ingestion_and_failures_leave_no_trace() {
        let remembered = Remembered::with_budget(Lengths::default(), BUDGET_BYTES);
        remembered.embed(vec!["a".to_owned()], Priority::Background).await.unwrap();
        assert!(remembered.embed(vec!["bb".to_owned(), String::new()], Priority::Query).await.is_err());
        assert_eq!(remembered.ask(&["a", "bb"]).await, [[1.0], [2.0]]);
        assert_eq!(remembered.computed(), ["a", "a", "bb"]);
    }
}
