//! From passages to stored chunks, some at a time.

use std::time::Duration;

use collabry_shared::sources::{Chunk, FailureCode, IngestState, Page};
use tokio::time::sleep;

use super::Ingestion;
use super::lease::{Lease, Stop, held};
use super::turns::Ask;
use crate::embeddings::{EmbedError, Priority};
use crate::retrieval::searched_text;
use crate::sources::chunker::{self, Passage};
use crate::sources::document::Document;
use crate::sources::pages::{CodePoints, PageMap};

/// Passages that are embedded and stored at a time: about half a second of work for two cores, so that progress is seen
/// and writers in between do not wait long.
const BATCH: usize = 16;

/// How long to wait when the embedder is full of work.
const BUSY_WAIT: Duration = Duration::from_millis(250);

/// A document as it will be stored.
pub struct Prepared {
    pub pages: Vec<Page>,
    /// Without their embeddings.
    pub passages: Vec<Chunk>,
}

impl From<&Document> for Prepared {
    fn from(document: &Document) -> Self {
        let points = CodePoints::of(&document.text);
        let map = PageMap::of(document);
        let passages = chunker::chunk(document).into_iter().zip(0..).map(|(passage, index)| {
            let text = passage.readable();
            let Passage { start, end, headings, .. } = passage;
            let (page, start, end) = (map.number_at(start), points.at(start), points.at(end));
            Chunk { index, start, end, page, headings, text, embedding: Vec::new() }
        });
        Self { passages: passages.collect(), pages: map.pages(document, &points) }
    }
}

impl Ingestion {
    /// Embeds and stores all passages; returns how many there were.
    pub(super) async fn embed(&self, lease: &Lease<'_>, mut passages: Vec<Chunk>) -> Result<u32, Stop> {
        let total = u32::try_from(passages.len())?;
        let mut done = 0;
        lease.enter(IngestState::Embed { done, total }).await?;
        for batch in passages.chunks_mut(BATCH) {
            // Others get their turn between two batches.
            let (cost, left) = (batch.len() as u64, u64::from(total - done));
            let turn = self.embedding.next(Ask { person: lease.claim.person(), cost, left }).await;
            let vectors = self.vectors(batch.iter().map(searched_text).collect()).await?;
            drop(turn);
            if vectors.len() != batch.len() {
                return Err(failed("the embedder returned another number of vectors"));
            }
            for (chunk, vector) in batch.iter_mut().zip(vectors) {
                chunk.embedding = vector;
            }
            held(self.parts.stores.segments.put_chunks(lease.claim, batch).await)?;
            done += u32::try_from(batch.len())?;
            lease.enter(IngestState::Embed { done, total }).await?;
        }
        Ok(total)
    }

    /// Waits for the embedder for as long as the lease is held.
    async fn vectors(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, Stop> {
        loop {
            match self.parts.embedder.embed(texts.clone(), Priority::Background).await {
                Ok(vectors) => return Ok(vectors),
                Err(EmbedError::Busy) => sleep(BUSY_WAIT).await,
                Err(EmbedError::Model(error)) => return Err(failed(&error)),
            }
        }
    }
}

fn failed(error: &str) -> Stop {
    tracing::error!(error, "passages cannot be embedded");
    Stop::Failed { at: "embed", code: FailureCode::EmbeddingFailed }
}
