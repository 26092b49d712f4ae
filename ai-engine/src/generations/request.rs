//! From a queued generation to the task for its model.

use std::collections::{HashMap, HashSet};

use collabry_shared::conversations::{Author, Citation, Message, MessageStatus};
use collabry_shared::engine::{EngineError, SearchHit, SearchRequest};
use collabry_shared::generations::Generation;
use collabry_shared::ids::{MessageId, SourceId};
use collabry_shared::sources::{SegmentId, Source, ready_segments};
use collabry_shared::storage::StoreError;

use super::parts::GenerationParts;
use crate::models::{AnswerError, Coverage, Speaker, Task, Turn};
use crate::retrieval::followup;

/// Passages per question: about what the smallest common window takes.
pub const PASSAGES: u32 = 8;

/// Messages looked at for what was said before.
const HISTORY_MESSAGES: u32 = 20;

/// Reads the question and what was said before, and searches; `cited` are the passages found by an earlier try.
pub(super) async fn task(
    parts: &GenerationParts,
    generation: &Generation,
    cited: Vec<Citation>,
) -> Result<Task, AnswerError> {
    let question = question(parts, generation).await?;
    let history = history(parts, &question).await?;
    let mut task = Task { question: question.content, history, passages: cited, coverage: Coverage::Searched };
    if task.passages.is_empty() {
        (task.passages, task.coverage) = find(parts, generation, &task).await?;
    }
    Ok(task)
}

async fn question(parts: &GenerationParts, generation: &Generation) -> Result<Message, AnswerError> {
    let found = parts.stores.conversations.message(generation.conversation_id, generation.question_id).await;
    found.map_err(stored)?.filter(|message| message.deleted_at.is_none()).ok_or(AnswerError::QuestionGone)
}

/// What was said before the question, oldest first, without what was deleted, failed, or gave way to a newer answer.
async fn history(parts: &GenerationParts, question: &Message) -> Result<Vec<Turn>, AnswerError> {
    let before = Some(question.position);
    let messages = parts.stores.conversations.history(question.conversation_id, before, HISTORY_MESSAGES).await;
    let messages = messages.map_err(stored)?.messages;
    // An answer whose successor was deleted is the newest again.
    let there: HashSet<MessageId> =
        messages.iter().filter(|message| message.deleted_at.is_none()).map(|message| message.id).collect();
    let said = |message: &Message| {
        let superseded = message.superseded_by.is_some_and(|by| there.contains(&by));
        let gone = message.deleted_at.is_some() || message.status == MessageStatus::Failed || superseded;
        !gone && !message.content.is_empty()
    };
    let turn = |message: Message| {
        let speaker = match message.author {
            Author::User { .. } => Speaker::User,
            Author::Assistant { .. } => Speaker::Assistant,
        };
        Turn { speaker, text: message.content }
    };
    Ok(messages.into_iter().rev().filter(said).map(turn).collect())
}

async fn find(
    parts: &GenerationParts,
    generation: &Generation,
    task: &Task,
) -> Result<(Vec<Citation>, Coverage), AnswerError> {
    let selected = generation.source_ids.as_deref();
    let mut sources = parts.stores.sources.list(generation.notebook_id).await.map_err(stored)?;
    sources.retain(|source| selected.is_none_or(|ids| ids.contains(&source.id)));
    let segments = ready_segments(&sources, selected);
    if segments.is_empty() {
        let coverage = if sources.is_empty() { Coverage::NoSources } else { Coverage::NoneReady };
        return Ok((Vec::new(), coverage));
    }
    let request = SearchRequest {
        notebook_id: generation.notebook_id,
        segments,
        query: followup::query(&task.question, task.previous_question()),
        limit: PASSAGES,
    };
    let hits = parts.search.search(&request).await.map_err(searched)?;
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

/// Whether the version that was searched has pages; the latest one may be another that is still being read.
async fn paged(parts: &GenerationParts, source: Option<&Source>, hit: &SearchHit) -> Result<bool, AnswerError> {
    if let Some(source) = source
        && source.latest.version == hit.version
    {
        return Ok(source.latest.page_count.is_some());
    }
    let segment = SegmentId { source_id: hit.source_id, version: hit.version };
    let version = parts.stores.sources.version(segment).await.map_err(stored)?;
    Ok(version.is_some_and(|version| version.page_count.is_some()))
}

#[expect(clippy::needless_pass_by_value, reason = "taken from a result")]
pub(super) fn stored(error: StoreError) -> AnswerError {
    AnswerError::Storage { detail: error.to_string() }
}

fn searched(error: EngineError) -> AnswerError {
    match error {
        EngineError::Busy => AnswerError::Busy,
        other => AnswerError::Search { detail: other.to_string() },
    }
}
