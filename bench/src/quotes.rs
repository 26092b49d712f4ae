//! What the built-in answerer quotes.

use std::sync::Arc;

use collabry_ai_engine::embeddings::Embedder;
use collabry_ai_engine::generations::PASSAGES;
use collabry_ai_engine::models::{AnswerEvent, AnswerRequest, Coverage, Extractive, Provider as _};
use collabry_shared::conversations::Citation;
use collabry_shared::engine::SearchHit;
use collabry_shared::ids::SourceId;
use collabry_shared::models::ModelId;
use futures::TryStreamExt as _;

/// Begins an answer that is one; others say that there is none, and at most what comes closest.
const ANSWERED: &str = "Your sources say:";

/// An answer taken apart.
#[derive(Debug)]
pub struct Quotes {
    /// Whether the answerer takes them for the answer.
    pub answered: bool,
    /// Best first.
    pub quotes: Vec<Quote>,
}

#[derive(Debug)]
pub struct Quote {
    pub source: SourceId,
    pub text: String,
}

/// Answers from the best of `hits` as the product does.
pub async fn quotes(embedder: &Arc<dyn Embedder>, question: &str, hits: &[SearchHit]) -> anyhow::Result<Quotes> {
    let passages: Vec<_> = (1..=PASSAGES).zip(hits).map(|(number, hit)| citation(number, hit)).collect();
    let request =
        AnswerRequest { question: question.to_owned(), history: Vec::new(), passages, coverage: Coverage::Searched };
    let pieces = Extractive::new(Arc::clone(embedder)).answer(ModelId::extractive().name(), &request).await?;
    let text = pieces.try_fold(String::new(), async |mut text, piece| {
        if let AnswerEvent::Text(more) = piece {
            text.push_str(&more);
        }
        Ok(text)
    });
    let text = text.await?;
    let found = text.lines().filter_map(|line| parse(line, &request.passages));
    Ok(Quotes { answered: text.starts_with(ANSWERED), quotes: found.collect() })
}

/// `> text [number]`
fn parse(line: &str, passages: &[Citation]) -> Option<Quote> {
    let (text, number) = line.strip_prefix("> ")?.strip_suffix(']')?.rsplit_once(" [")?;
    let number: u32 = number.parse().ok()?;
    let passage = passages.iter().find(|passage| passage.number == number)?;
    Some(Quote { source: passage.source_id, text: text.replace("\\[", "[").replace("\\]", "]") })
}

fn citation(number: u32, hit: &SearchHit) -> Citation {
    Citation {
        number,
        source_id: hit.source_id,
        version: hit.version,
        source_name: String::new(),
        page: hit.page,
        paged: false,
        start: hit.start,
        end: hit.end,
        text: hit.text.clone(),
    }
}
