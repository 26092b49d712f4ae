//! Builds the request to the model of a generation.

use std::collections::{HashMap, HashSet};

use collabry_shared::conversations::{Author, Citation, Message, MessageStatus};
use collabry_shared::engine::{EngineError, SearchHit, SearchRequest};
use collabry_shared::generations::Generation;
use collabry_shared::ids::{MessageId, SourceId};
use collabry_shared::sources::{SegmentId, Source, ready_segments};
use collabry_shared::storage::StoreError;

use super::parts::GenerationParts;
use crate::models::{AnswerError, AnswerRequest, Coverage, PastMessage, Speaker};
use crate::retrieval::followup;

/// Passages per question: about what the smallest common context window holds.
pub const PASSAGES: u32 = 8;

/// The most messages in the history.
const HISTORY_MESSAGES: u32 = 20;

/// Reads the question and its history, and searches; `cited` are the passages that an earlier attempt found.
pub(super) async fn build(
    parts: &GenerationParts,
    generation: &Generation,
    cited: Vec<Citation>,
) -> Result<AnswerRequest, AnswerError> {
    let question = question(parts, generation).await?;
    let history = history(parts, &question).await?;
    let mut request =
        AnswerRequest { question: question.content, history, passages: cited, coverage: Coverage::Searched };
    if request.passages.is_empty() {
        (request.passages, request.coverage) = search(parts, generation, &request).await?;
    }
    Ok(request)
}

async fn question(parts: &GenerationParts, generation: &Generation) -> Result<Message, AnswerError> {
    let found = parts.stores.conversations.message(generation.conversation_id, generation.question_id).await;
    found.map_err(storage_error)?.filter(|message| message.deleted_at.is_none()).ok_or(AnswerError::QuestionGone)
}

/// The messages before the question, oldest first, without those that were deleted, failed or superseded.
async fn history(parts: &GenerationParts, question: &Message) -> Result<Vec<PastMessage>, AnswerError> {
    let before = Some(question.position);
    let messages = parts.stores.conversations.history(question.conversation_id, before, HISTORY_MESSAGES).await;
    let messages = messages.map_err(storage_error)?.messages;
    // An answer whose successor was deleted is current again.
    let present: HashSet<MessageId> =
        messages.iter().filter(|message| message.deleted_at.is_none()).map(|message| message.id).collect();
    let is_current = |message: &Message| {
        let superseded = message.superseded_by.is_some_and(|by| present.contains(&by));
        let gone = message.deleted_at.is_some() || message.status == MessageStatus::Failed || superseded;
        !gone && !message.content.is_empty()
    };
    let past_message = |message: Message| {
        let speaker = match message.author {
            Author::User { .. } => Speaker::User,
            Author::Assistant { .. } => Speaker::Assistant,
        };
        PastMessage { speaker, text: message.content }
    };
    Ok(messages.into_iter().rev().filter(is_current).map(past_message).collect())
}

async fn search(
    parts: &GenerationParts,
    generation: &Generation,
    request: &AnswerRequest,
) -> Result<(Vec<Citation>, Coverage), AnswerError> {
    let selected = generation.source_ids.as_deref();
    let mut sources = parts.stores.sources.list(generation.notebook_id).await.map_err(storage_error)?;
    sources.retain(|source| selected.is_none_or(|ids| ids.contains(&source.id)));
    let segments = ready_segments(&sources, selected);
    if segments.is_empty() {
        let coverage = if sources.is_empty() { Coverage::NoSources } else { Coverage::NoneReady };
        return Ok((Vec::new(), coverage));
    }
    let query = SearchRequest {
        notebook_id: generation.notebook_id,
        segments,
        query: followup::query(&request.question, request.previous_question()),
        limit: PASSAGES,
    };
    let hits = parts.search.search(&query).await.map_err(search_error)?;
    Ok((citations(parts, &sources, hits).await?, Coverage::Searched))
}

async fn citations(
    parts: &GenerationParts,
    sources: &[Source],
    hits: Vec<SearchHit>,
) -> Result<Vec<Citation>, AnswerError> {
    let sources: HashMap<SourceId, &Source> = sources.iter().map(|source| (source.id, source)).collect();
    let mut citations = Vec::with_capacity(hits.len());
    for (number, hit) in (1..).zip(hits) {
        let source = sources.get(&hit.source_id);
        citations.push(Citation {
            number,
            source_id: hit.source_id,
            version: hit.version,
            source_name: source.map(|source| source.name.clone()).unwrap_or_default(),
            page: hit.page,
            paged: paged(parts, source.copied(), &hit).await?,
            start: hit.start,
            end: hit.end,
            text: hit.text,
        });
    }
    Ok(citations)
}

/// Whether the version that was searched has pages; the latest version may be a newer one that is still being ingested.
async fn paged(parts: &GenerationParts, source: Option<&Source>, hit: &SearchHit) -> Result<bool, AnswerError> {
    if let Some(source) = source
        && source.latest.version == hit.version
    {
        return Ok(source.latest.page_count.is_some());
    }
    let segment = SegmentId { source_id: hit.source_id, version: hit.version };
    let version = parts.stores.sources.version(segment).await.map_err(storage_error)?;
    Ok(version.is_some_and(|version| version.page_count.is_some()))
}

#[expect(clippy::needless_pass_by_value, reason = "taken from a result")]
pub(super) fn storage_error(error: StoreError) -> AnswerError {
    AnswerError::Storage { detail: error.to_string() }
}

fn search_error(error: EngineError) -> AnswerError {
    match error {
        EngineError::Busy => AnswerError::Busy,
        other => AnswerError::Search { detail: other.to_string() },
    }
}
