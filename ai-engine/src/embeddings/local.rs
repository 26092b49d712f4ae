//! all-MiniLM-L6-v2 in this process, on threads of its own.

use std::fmt;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use async_trait::async_trait;

use super::bert::{Bert, Workspace};
use super::queue::{Item, Queue};
use super::weights::WIDTH;
use super::{EmbedError, Embedder, Priority};

/// Dropping it ends its threads after the batch that they are at.
pub struct LocalEmbedder {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
}

impl LocalEmbedder {
    /// Loads the model from `folder` (`model.safetensors`, `tokenizer.json`) and starts `threads` threads, 0 meaning
    /// one per core. Each thread computes whole sentences by itself, which is faster than cores sharing one.
    pub fn start(folder: &Path, threads: usize) -> Result<Self, EmbedError> {
        let threads = match threads {
            0 => std::thread::available_parallelism().map_or(1, NonZero::get),
            some => some,
        };
        let bert = Arc::new(Bert::load(folder)?);
        let mut embedder = Self { queue: Arc::default(), threads: Vec::with_capacity(threads) };
        for index in 0..threads {
            let (bert, queue) = (Arc::clone(&bert), Arc::clone(&embedder.queue));
            let thread = std::thread::Builder::new()
                .name(format!("embed-{index}"))
                .spawn(move || work(&bert, &queue))
                .map_err(|error| EmbedError::Model(format!("no thread for it: {error}")))?;
            embedder.threads.push(thread);
        }
        Ok(embedder)
    }
}

#[async_trait]
impl Embedder for LocalEmbedder {
    fn dimensions(&self) -> usize {
        WIDTH
    }

    async fn embed(&self, texts: Vec<String>, priority: Priority) -> Result<Vec<Vec<f32>>, EmbedError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self.queue.push(texts, priority)?;
        answer.await.unwrap_or_else(|_| Err(EmbedError::Model("it stopped before it answered".to_owned())))
    }
}

impl fmt::Debug for LocalEmbedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalEmbedder").field("threads", &self.threads.len()).finish_non_exhaustive()
    }
}

impl Drop for LocalEmbedder {
    fn drop(&mut self) {
        self.queue.close();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("an embedding thread had panicked");
            }
        }
    }
}

fn work(bert: &Bert, queue: &Queue) {
    let mut workspace = Workspace::default();
    while let Some(batch) = queue.next_batch() {
        // A panic over one text drops its batch, which its callers see as an error, and must not end the thread.
        if catch_unwind(AssertUnwindSafe(|| embed(bert, batch, &mut workspace))).is_err() {
            tracing::error!("embedding a batch panicked");
            workspace = Workspace::default();
        }
    }
}

fn embed(bert: &Bert, batch: Vec<Item>, workspace: &mut Workspace) {
    let mut items = Vec::with_capacity(batch.len());
    let mut sentences = Vec::with_capacity(batch.len());
    for item in batch {
        match bert.tokenize(&item.text) {
            Ok(sentence) => {
                items.push(item);
                sentences.push(sentence);
            }
            Err(error) => item.fail(error),
        }
    }
    let vectors = bert.forward(&sentences, workspace);
    for (item, vector) in items.into_iter().zip(vectors) {
        item.finish(vector);
    }
}
