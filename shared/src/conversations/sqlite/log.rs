//! The steps of a change to a conversation's log, each within its transaction.

use jiff::Timestamp;

use super::rows;
use crate::conversations::{Conversation, Message, NewMessage};
use crate::ids::{ConversationId, MessageId};
use crate::storage::sqlite::{Transaction, conflict, integer, json, opt_json, word};
use crate::storage::{StoreError, StoreResult};

/// Takes the conversation's next rev, for a message that is added at a time or for a change to one; `None` when the
/// conversation is gone. It counts once `tx` is committed, and until
/// then nobody else can take one: the transaction holds the write lock, so there is no race to lose and retry. The
/// unique index on `(conversation_id, rev)` stands guard over that.
pub async fn next_rev(
    tx: &mut Transaction,
    id: ConversationId,
    added_at: Option<Timestamp>,
) -> StoreResult<Option<i64>> {
    let head = sqlx::query_scalar(
        "UPDATE conversations SET head = head + 1, active_at = MAX(active_at, COALESCE(?, active_at))
         WHERE id = ? AND id IN (SELECT id FROM live_conversations)
         RETURNING head",
    )
    .bind(added_at.map(Timestamp::as_millisecond))
    .bind(id.to_string())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(head)
}

/// Whether the conversation is there; [`StoreError::Changed`] when it is not as it was seen.
pub async fn unchanged(tx: &mut Transaction, id: ConversationId, seen: Option<&Conversation>) -> StoreResult<bool> {
    let row = sqlx::query("SELECT * FROM live_conversations WHERE id = ?")
        .bind(id.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    let Some(row) = row else { return Ok(false) };
    let stored = rows::conversation(&row)?;
    if seen.is_some_and(|seen| *seen != stored) { Err(StoreError::Changed("the conversation")) } else { Ok(true) }
}

/// [`StoreError::Changed`] when a message that is there is at another rev.
pub async fn stands_at(
    tx: &mut Transaction,
    conversation: ConversationId,
    id: MessageId,
    seen: u64,
) -> StoreResult<()> {
    let moved =
        sqlx::query("SELECT 1 FROM messages WHERE conversation_id = ? AND id = ? AND deleted_at IS NULL AND rev <> ?")
            .bind(conversation.to_string())
            .bind(id.to_string())
            .bind(integer(seen))
            .fetch_optional(&mut **tx)
            .await?;
    if moved.is_some() { Err(StoreError::Changed("the message")) } else { Ok(()) }
}

pub async fn by_client_id(tx: &mut Transaction, message: &NewMessage) -> StoreResult<Option<Message>> {
    let row = sqlx::query("SELECT * FROM messages WHERE conversation_id = ? AND client_id = ?")
        .bind(message.conversation_id.to_string())
        .bind(message.client_id.as_str())
        .fetch_optional(&mut **tx)
        .await?;
    row.as_ref().map(rows::message).transpose()
}

pub async fn insert(tx: &mut Transaction, message: &NewMessage, rev: i64) -> StoreResult<Message> {
    let row = sqlx::query(
        "INSERT INTO messages (id, conversation_id, client_id, position, rev, author_json, content, citations_json,
             status, failure_json, generation_id, reply_to, created_at, cut_off, asked_json)
         VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
         RETURNING *",
    )
    .bind(message.id.to_string())
    .bind(message.conversation_id.to_string())
    .bind(message.client_id.as_str())
    .bind(rev)
    .bind(json(&message.author)?)
    .bind(message.content.as_str())
    .bind(json(&message.citations)?)
    .bind(word(&message.status)?)
    .bind(opt_json(message.failure.as_ref())?)
    .bind(message.generation_id.map(|id| id.to_string()))
    .bind(message.reply_to.map(|id| id.to_string()))
    .bind(message.created_at.as_millisecond())
    .bind(message.cut_off.as_ref().map(word).transpose()?)
    .bind(opt_json(message.asked.as_ref())?)
    .fetch_one(&mut **tx)
    .await
    .map_err(conflict("the message"))?;
    rows::message(&row)
}
