//! The built-in answerer quotes the best sentences, and invents nothing.

mod compose;
mod phrases;
mod rank;
mod sentences;

use std::sync::Arc;

use async_trait::async_trait;
use collabry_shared::models::{ModelId, ModelInfo};
use futures::stream::{self, StreamExt};

use self::phrases::Phrases;
use self::rank::Ranked;
use crate::embeddings::{EmbedError, Embedder, Priority};
use crate::models::{Answer, AnswerError, AnswerEvent, AnswerRequest, Coverage, Provider};
use crate::retrieval::followup;

/// Ranks sentences by their embeddings and words, without a language model.
pub struct Extractive {
    embedder: Arc<dyn Embedder>,
}

impl std::fmt::Debug for Extractive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Extractive").finish_non_exhaustive()
    }
}

impl Extractive {
    pub fn new(embedder: Arc<dyn Embedder>) -> Self {
        Self { embedder }
    }

    async fn compose(&self, request: &AnswerRequest) -> Result<String, AnswerError> {
        let phrases = Phrases::of(followup::language(&request.question, request.previous_question()));
        match request.coverage {
            Coverage::NoSources => return Ok(phrases.no_sources.to_owned()),
            Coverage::NoneReady => return Ok(phrases.none_ready.to_owned()),
            Coverage::Searched => {}
        }
        let query = followup::query(&request.question, request.previous_question());
        let ranked = self.rank(&query, request).await?;
        Ok(compose::answer(phrases, &ranked, &request.passages))
    }

    async fn rank(&self, query: &str, request: &AnswerRequest) -> Result<Vec<Ranked>, AnswerError> {
        let candidates = rank::candidates(query, &request.passages);
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let texts = std::iter::once(query.to_owned()).chain(candidates.iter().map(|one| one.text.clone())).collect();
        let vectors = self.embedder.embed(texts, Priority::Query).await.map_err(|error| match error {
            EmbedError::Busy => AnswerError::Busy,
            EmbedError::Model(detail) => AnswerError::Search { detail },
        })?;
        Ok(rank::rank(candidates, &vectors))
    }
}

#[async_trait]
impl Provider for Extractive {
    fn id(&self) -> &'static str {
        "builtin"
    }

    fn label(&self) -> &'static str {
        "The built-in answerer"
    }

    async fn models(&self) -> Result<Vec<ModelInfo>, AnswerError> {
        Ok(vec![ModelInfo { id: ModelId::extractive(), label: "Quotes from your sources (built in)".to_owned() }])
    }

    async fn answer(&self, model: &str, request: &AnswerRequest) -> Result<Answer, AnswerError> {
        if model != ModelId::extractive().name() {
            return Err(AnswerError::ModelNotFound);
        }
        let text = self.compose(request).await?;
        let words: Vec<_> = text.split_inclusive(' ').map(|word| Ok(AnswerEvent::Text(word.to_owned()))).collect();
        Ok(stream::iter(words).boxed())
    }
}
