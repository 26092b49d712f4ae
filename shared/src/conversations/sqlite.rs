//! Conversations and their logs in SQLite.

use std::collections::HashMap;

use async_trait::async_trait;
use futures::{Stream, TryStreamExt as _};
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Sqlite, Transaction};

use super::page::Filling;
use super::{
    Appended, ClientId, Conversation, ConversationRepo, ConversationUpdate, Message, NewMessage, Page, ReadMark,
    Rewrite,
};
use crate::engine::ModelId;
use crate::ids::{ConversationId, MessageId, NotebookId, UserId};
use crate::pages::Window;
use crate::storage::sqlite::{Columns as _, Database, conflict, integer, json, opt_json, word};
use crate::storage::{StoreError, StoreResult};

#[async_trait]
impl ConversationRepo for Database {
    async fn create(&self, conversation: &Conversation) -> StoreResult<()> {
        let done = sqlx::query(
            "INSERT INTO conversations (id, notebook_id, title, model, created_by, created_at, active_at, head)
             SELECT ?1, id, ?2, ?3, ?4, ?5, ?5, ?6 FROM live_notebooks WHERE id = ?7",
        )
        .bind(conversation.id.to_string())
        .bind(&conversation.title)
        .bind(conversation.model.as_ref().map(ModelId::to_string))
        .bind(conversation.created_by.to_string())
        .bind(conversation.created_at.as_millisecond())
        .bind(integer(conversation.head))
        .bind(conversation.notebook_id.to_string())
        .execute(&self.write)
        .await
        .map_err(conflict("the conversation"))?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Missing("the notebook")) }
    }

    async fn get(&self, id: ConversationId) -> StoreResult<Option<Conversation>> {
        let row = sqlx::query("SELECT * FROM live_conversations WHERE id = ?")
            .bind(id.to_string())
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(conversation).transpose()
    }

    async fn list_page(&self, notebook: NotebookId, window: &Window) -> StoreResult<Vec<Conversation>> {
        let (before, id) = window.newest_first();
        let rows = sqlx::query(
            "SELECT * FROM live_conversations WHERE notebook_id = ? AND (active_at, id) < (?, ?)
             ORDER BY active_at DESC, id DESC LIMIT ?",
        )
        .bind(notebook.to_string())
        .bind(before)
        .bind(id)
        .bind(window.limit)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(conversation).collect()
    }

    async fn count_begun(&self, notebook: NotebookId, user: UserId) -> StoreResult<u64> {
        let row =
            sqlx::query("SELECT COUNT(*) AS count FROM live_conversations WHERE notebook_id = ? AND created_by = ?")
                .bind(notebook.to_string())
                .bind(user.to_string())
                .fetch_one(&self.read)
                .await?;
        row.number("count")
    }

    async fn update_seen(
        &self,
        id: ConversationId,
        seen: Option<&Conversation>,
        change: &ConversationUpdate,
    ) -> StoreResult<Option<Conversation>> {
        let ConversationUpdate { title, model } = change;
        let mut tx = self.begin().await?;
        if !unchanged(&mut tx, id, seen).await? {
            return Ok(None);
        }
        let row = sqlx::query(
            "UPDATE conversations SET title = CASE WHEN ? THEN ? ELSE title END, model = CASE WHEN ? THEN ? ELSE model END
             WHERE id = ? RETURNING *",
        )
        .bind(title.is_some())
        .bind(title.clone().flatten())
        .bind(model.is_some())
        .bind(model.as_ref().and_then(Option::as_ref).map(ModelId::to_string))
        .bind(id.to_string())
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        conversation(&row).map(Some)
    }

    async fn title_if_none(&self, id: ConversationId, title: &str) -> StoreResult<Option<Conversation>> {
        let update = sqlx::query(
            "UPDATE conversations SET title = ?
             WHERE id = ? AND title IS NULL AND id IN (SELECT id FROM live_conversations) RETURNING *",
        )
        .bind(title)
        .bind(id.to_string());
        self.returning(update).await?.as_ref().map(conversation).transpose()
    }

    async fn mark_deleted_seen(
        &self,
        id: ConversationId,
        seen: Option<&Conversation>,
        now: Timestamp,
    ) -> StoreResult<bool> {
        let mut tx = self.begin().await?;
        if !unchanged(&mut tx, id, seen).await? {
            return Ok(false);
        }
        sqlx::query("UPDATE conversations SET deleted_at = ? WHERE id = ?")
            .bind(now.as_millisecond())
            .bind(id.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn deleted_in(&self, notebook: NotebookId, window: &Window) -> StoreResult<Vec<(Conversation, Timestamp)>> {
        let (before, id) = window.newest_first();
        let rows = sqlx::query(
            "SELECT c.* FROM conversations c JOIN live_notebooks n ON n.id = c.notebook_id
             WHERE c.notebook_id = ? AND c.deleted_at IS NOT NULL AND (c.deleted_at, c.id) < (?, ?)
             ORDER BY c.deleted_at DESC, c.id DESC LIMIT ?",
        )
        .bind(notebook.to_string())
        .bind(before)
        .bind(id)
        .bind(window.limit)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(|row| Ok((conversation(row)?, row.time("deleted_at")?))).collect()
    }

    async fn deleted_one(&self, id: ConversationId) -> StoreResult<Option<Conversation>> {
        let row = sqlx::query(
            "SELECT c.* FROM conversations c JOIN live_notebooks n ON n.id = c.notebook_id
             WHERE c.id = ? AND c.deleted_at IS NOT NULL",
        )
        .bind(id.to_string())
        .fetch_optional(&self.read)
        .await?;
        row.as_ref().map(conversation).transpose()
    }

    async fn restore(&self, id: ConversationId) -> StoreResult<Option<Conversation>> {
        let update = sqlx::query(
            "UPDATE conversations SET deleted_at = NULL
             WHERE id = ? AND deleted_at IS NOT NULL AND EXISTS (SELECT 1 FROM live_notebooks n WHERE n.id = notebook_id)
             RETURNING *",
        )
        .bind(id.to_string());
        self.returning(update).await?.as_ref().map(conversation).transpose()
    }

    async fn deleted(&self, upto: Timestamp) -> StoreResult<Vec<ConversationId>> {
        let rows = sqlx::query("SELECT id FROM conversations WHERE deleted_at <= ? ORDER BY deleted_at")
            .bind(upto.as_millisecond())
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(|row| row.parsed("id")).collect()
    }

    async fn purge(&self, id: ConversationId) -> StoreResult<()> {
        // One statement: it was either brought back before, or is gone.
        let purge = sqlx::query("DELETE FROM conversations WHERE id = ? AND deleted_at IS NOT NULL");
        purge.bind(id.to_string()).execute(&self.write).await?;
        Ok(())
    }

    async fn append(&self, message: &NewMessage) -> StoreResult<Appended> {
        let mut tx = self.begin().await?;
        let Some(rev) = next_rev(&mut tx, message.conversation_id, Some(message.created_at)).await? else {
            return Err(StoreError::Missing("the conversation"));
        };
        if let Some(existing) = by_client_id(&mut tx, message).await? {
            // Dropping the transaction gives the rev back.
            return Ok(Appended::Existing(existing));
        }
        let stored = insert(&mut tx, message, rev).await?;
        tx.commit().await?;
        Ok(Appended::Created(stored))
    }

    async fn by_client_id(&self, conversation: ConversationId, client_id: &ClientId) -> StoreResult<Option<Message>> {
        let row = sqlx::query(
            "SELECT m.* FROM messages m JOIN live_conversations c ON c.id = m.conversation_id
             WHERE m.conversation_id = ? AND m.client_id = ?",
        )
        .bind(conversation.to_string())
        .bind(client_id.as_str())
        .fetch_optional(&self.read)
        .await?;
        row.as_ref().map(self::message).transpose()
    }

    async fn rewrite_seen(
        &self,
        conversation: ConversationId,
        id: MessageId,
        seen: Option<u64>,
        rewrite: &Rewrite,
        now: Timestamp,
    ) -> StoreResult<Option<Message>> {
        let mut tx = self.begin().await?;
        let Some(rev) = next_rev(&mut tx, conversation, None).await? else {
            return Ok(None);
        };
        if let Some(seen) = seen {
            stands_at(&mut tx, conversation, id, seen).await?;
        }
        let update = match rewrite {
            Rewrite::Edit { content } => sqlx::query(
                "UPDATE messages SET rev = ?3, edited_at = ?4, content = ?5
                 WHERE conversation_id = ?1 AND id = ?2 AND deleted_at IS NULL RETURNING *",
            )
            .bind(conversation.to_string())
            .bind(id.to_string())
            .bind(rev)
            .bind(now.as_millisecond())
            .bind(content),
            Rewrite::Delete => sqlx::query(
                "UPDATE messages SET rev = ?3, deleted_at = ?4, content = '', citations_json = '[]'
                 WHERE conversation_id = ?1 AND id = ?2 AND deleted_at IS NULL RETURNING *",
            )
            .bind(conversation.to_string())
            .bind(id.to_string())
            .bind(rev)
            .bind(now.as_millisecond()),
            Rewrite::Supersede { by } => sqlx::query(
                "UPDATE messages SET rev = ?3, superseded_by = ?4
                 WHERE conversation_id = ?1 AND id = ?2 AND deleted_at IS NULL AND superseded_by IS NOT ?4 RETURNING *",
            )
            .bind(conversation.to_string())
            .bind(id.to_string())
            .bind(rev)
            .bind(by.to_string()),
        };
        let Some(row) = update.fetch_optional(&mut *tx).await? else {
            return Ok(None);
        };
        tx.commit().await?;
        Ok(Some(self::message(&row)?))
    }

    async fn message(&self, conversation: ConversationId, id: MessageId) -> StoreResult<Option<Message>> {
        let row = sqlx::query(
            "SELECT m.* FROM messages m JOIN live_conversations c ON c.id = m.conversation_id
             WHERE m.conversation_id = ? AND m.id = ?",
        )
        .bind(conversation.to_string())
        .bind(id.to_string())
        .fetch_optional(&self.read)
        .await?;
        row.as_ref().map(self::message).transpose()
    }

    async fn latest_answer(&self, conversation: ConversationId, question: MessageId) -> StoreResult<Option<Message>> {
        let row = sqlx::query(
            "SELECT m.* FROM messages m JOIN live_conversations c ON c.id = m.conversation_id
             WHERE m.conversation_id = ? AND m.reply_to = ? AND m.deleted_at IS NULL ORDER BY m.position DESC LIMIT 1",
        )
        .bind(conversation.to_string())
        .bind(question.to_string())
        .fetch_optional(&self.read)
        .await?;
        row.as_ref().map(self::message).transpose()
    }

    async fn history(&self, conversation: ConversationId, before: Option<u64>, limit: u32) -> StoreResult<Page> {
        let rows = sqlx::query(
            "SELECT m.* FROM messages m JOIN live_conversations c ON c.id = m.conversation_id
             WHERE m.conversation_id = ? AND m.position < ? ORDER BY m.position DESC LIMIT ?",
        )
        .bind(conversation.to_string())
        .bind(integer(before.unwrap_or(u64::MAX)))
        .bind(limit)
        .fetch(&self.read);
        page(rows, limit).await
    }

    async fn changes_since(&self, conversation: ConversationId, rev: u64, limit: u32) -> StoreResult<Page> {
        let rows = sqlx::query(
            "SELECT m.* FROM messages m JOIN live_conversations c ON c.id = m.conversation_id
             WHERE m.conversation_id = ? AND m.rev > ? ORDER BY m.rev LIMIT ?",
        )
        .bind(conversation.to_string())
        .bind(integer(rev))
        .bind(limit)
        .fetch(&self.read);
        page(rows, limit).await
    }

    async fn mark_read(&self, conversation: ConversationId, user: UserId, rev: u64) -> StoreResult<bool> {
        let done = sqlx::query(
            "INSERT INTO read_marks (conversation_id, user_id, rev)
             SELECT id, ?2, ?3 FROM live_conversations WHERE id = ?1 AND ?3 > 0
             ON CONFLICT (conversation_id, user_id) DO UPDATE SET rev = excluded.rev WHERE excluded.rev > rev",
        )
        .bind(conversation.to_string())
        .bind(user.to_string())
        .bind(integer(rev))
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn read_marks(&self, conversation: ConversationId) -> StoreResult<Vec<ReadMark>> {
        let rows = sqlx::query(
            "SELECT r.* FROM read_marks r JOIN live_conversations c ON c.id = r.conversation_id
             WHERE r.conversation_id = ? ORDER BY r.user_id",
        )
        .bind(conversation.to_string())
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(|row| Ok(ReadMark { user_id: row.parsed("user_id")?, rev: row.number("rev")? })).collect()
    }

    async fn read_revs(&self, of: UserId, among: &[ConversationId]) -> StoreResult<HashMap<ConversationId, u64>> {
        let rows = sqlx::query(
            "SELECT conversation_id, rev FROM read_marks
             WHERE user_id = ? AND conversation_id IN (SELECT value FROM json_each(?))",
        )
        .bind(of.to_string())
        .bind(json(&among)?)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(|row| Ok((row.parsed("conversation_id")?, row.number("rev")?))).collect()
    }
}

/// Reads no more rows than the page takes.
async fn page(mut rows: impl Stream<Item = sqlx::Result<SqliteRow>> + Unpin, limit: u32) -> StoreResult<Page> {
    let mut page = Filling::new(limit);
    while let Some(row) = rows.try_next().await? {
        if !page.take(self::message(&row)?) {
            break;
        }
    }
    Ok(page.done())
}

/// Takes the conversation's next rev, for a message that is added at a time or for a change to one; `None` when the
/// conversation is gone. It counts once `tx` is committed, and until
/// then nobody else can take one: the transaction holds the write lock, so there is no race to lose and retry. The
/// unique index on `(conversation_id, rev)` stands guard over that.
async fn next_rev(
    tx: &mut Transaction<'_, Sqlite>,
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
async fn unchanged(
    tx: &mut Transaction<'_, Sqlite>,
    id: ConversationId,
    seen: Option<&Conversation>,
) -> StoreResult<bool> {
    let row = sqlx::query("SELECT * FROM live_conversations WHERE id = ?")
        .bind(id.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    let Some(row) = row else { return Ok(false) };
    let stored = conversation(&row)?;
    if seen.is_some_and(|seen| *seen != stored) { Err(StoreError::Changed("the conversation")) } else { Ok(true) }
}

/// [`StoreError::Changed`] when a message that is there is at another rev.
async fn stands_at(
    tx: &mut Transaction<'_, Sqlite>,
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

async fn by_client_id(tx: &mut Transaction<'_, Sqlite>, message: &NewMessage) -> StoreResult<Option<Message>> {
    let row = sqlx::query("SELECT * FROM messages WHERE conversation_id = ? AND client_id = ?")
        .bind(message.conversation_id.to_string())
        .bind(message.client_id.as_str())
        .fetch_optional(&mut **tx)
        .await?;
    row.as_ref().map(self::message).transpose()
}

async fn insert(tx: &mut Transaction<'_, Sqlite>, message: &NewMessage, rev: i64) -> StoreResult<Message> {
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
    .bind(&message.content)
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
    self::message(&row)
}

fn conversation(row: &SqliteRow) -> StoreResult<Conversation> {
    Ok(Conversation {
        id: row.parsed("id")?,
        notebook_id: row.parsed("notebook_id")?,
        title: row.opt_text("title")?,
        model: row.opt_word("model")?,
        created_by: row.parsed("created_by")?,
        created_at: row.time("created_at")?,
        last_message_at: row.time("active_at")?,
        head: row.number("head")?,
    })
}

fn message(row: &SqliteRow) -> StoreResult<Message> {
    Ok(Message {
        id: row.parsed("id")?,
        conversation_id: row.parsed("conversation_id")?,
        client_id: row.word("client_id")?,
        position: row.number("position")?,
        rev: row.number("rev")?,
        author: row.json("author_json")?,
        content: row.text("content")?,
        citations: row.json("citations_json")?,
        status: row.word("status")?,
        failure: row.opt_json("failure_json")?,
        cut_off: row.opt_word("cut_off")?,
        generation_id: row.opt_parsed("generation_id")?,
        reply_to: row.opt_parsed("reply_to")?,
        superseded_by: row.opt_parsed("superseded_by")?,
        asked: row.opt_json("asked_json")?,
        created_at: row.time("created_at")?,
        edited_at: row.opt_time("edited_at")?,
        deleted_at: row.opt_time("deleted_at")?,
    })
}
