//! all-MiniLM-L6-v2 in this process, on threads of its own: some for what people wait for, others for ingestion.

use std::fmt;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use async_trait::async_trait;
use rustix::process::nice;

use super::bert::{Bert, Workspace};
use super::native::blas_kernels;
use super::queue::{Item, Queue};
use super::weights::WIDTH;
use super::{EmbedError, Embedder, Priority};

/// The threads for ingestion get less processor time than those that people wait for, while both need it.
const BACKGROUND_NICENESS: i32 = 10;

/// Dropping it ends its threads after their current batch.
pub struct LocalEmbedder {
    queries: Workers,
    background: Workers,
}

/// Threads that work off a queue.
struct Workers {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
}

impl LocalEmbedder {
    /// Loads the model from `folder` (`model.safetensors`, `tokenizer.json`) and starts `threads` threads for each
    /// priority, 0 meaning one per core. Each thread computes whole sentences by itself, which is faster than cores
    /// sharing one.
    pub fn start(folder: &Path, threads: usize) -> Result<Self, EmbedError> {
        let threads = match threads {
            0 => std::thread::available_parallelism().map_or(1, NonZero::get),
            some => some,
        };
        let bert = Arc::new(Bert::load(folder)?);
        tracing::info!(kernels = blas_kernels(), threads, "the embedding model is loaded");
        let queries = Workers::start(&bert, threads, Priority::Query)?;
        let background = Workers::start(&bert, threads, Priority::Background)?;
        Ok(Self { queries, background })
    }
}

impl Workers {
    fn start(bert: &Arc<Bert>, threads: usize, priority: Priority) -> Result<Self, EmbedError> {
        let mut workers = Self { queue: Arc::new(Queue::new(threads)), threads: Vec::new() };
        for index in 0..threads {
            let (bert, queue) = (Arc::clone(bert), Arc::clone(&workers.queue));
            let (name, run): (_, fn(&Bert, &Queue)) = match priority {
                Priority::Query => (format!("embed-{index}"), work),
                Priority::Background => (format!("embed-bg-{index}"), work_in_background),
            };
            let thread = std::thread::Builder::new()
                .name(name)
                .spawn(move || run(&bert, &queue))
                .map_err(|error| EmbedError::Model(format!("its thread could not be started: {error}")))?;
            workers.threads.push(thread);
        }
        Ok(workers)
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
        let workers = match priority {
            Priority::Query => &self.queries,
            Priority::Background => &self.background,
        };
        let answer = workers.queue.push(texts)?;
        answer.await.unwrap_or_else(|_| Err(EmbedError::Model("its thread stopped before it answered".to_owned())))
    }
}

impl fmt::Debug for LocalEmbedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalEmbedder").field("threads", &self.queries.threads.len()).finish_non_exhaustive()
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.queue.close();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("embedding thread panicked");
            }
        }
    }
}

fn work_in_background(bert: &Bert, queue: &Queue) {
    // On Linux this applies to the calling thread alone; the others keep their priority.
    if let Err(error) = nice(BACKGROUND_NICENESS) {
        tracing::warn!(%error, "background embedding priority could not be lowered");
    }
    work(bert, queue);
}

fn work(bert: &Bert, queue: &Queue) {
    let mut workspace = Workspace::default();
    while let Some(batch) = queue.next_batch() {
        // A panic drops its batch, which the callers see as an error. It must not end the thread.
        if catch_unwind(AssertUnwindSafe(|| embed(bert, batch, &mut workspace))).is_err() {
            tracing::error!("embedding of a batch panicked");
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
