//! Conversations and their logs in SQLite.

mod log;
mod rows;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use self::rows::{conversation, message, page};
use super::{
    Appended, ClientId, Conversation, ConversationRepo, ConversationUpdate, Message, NewMessage, Opened, Page,
    ReadMark, Rewrite, Title,
};
use crate::ids::{ConversationId, MessageId, NotebookId, UserId};
use crate::models::ModelId;
use crate::notebooks::Role;
use crate::pages::Window;
use crate::storage::sqlite::{Columns as _, Database, conflict, integer, json};
use crate::storage::{StoreError, StoreResult};

#[async_trait]
impl ConversationRepo for Database {
    async fn create(&self, conversation: &Conversation) -> StoreResult<()> {
        let done = sqlx::query(
            "INSERT INTO conversations (id, notebook_id, title, model, created_by, created_at, active_at, head)
             SELECT ?1, id, ?2, ?3, ?4, ?5, ?5, ?6 FROM live_notebooks WHERE id = ?7",
        )
        .bind(conversation.id.to_string())
        .bind(conversation.title.as_deref())
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

    async fn for_member(&self, id: ConversationId, user: UserId) -> StoreResult<Option<(Conversation, Role)>> {
        let row = sqlx::query(
            "SELECT c.*, m.role FROM live_conversations c JOIN members m ON m.notebook_id = c.notebook_id
             WHERE c.id = ? AND m.user_id = ?",
        )
        .bind(id.to_string())
        .bind(user.to_string())
        .fetch_optional(&self.read)
        .await?;
        row.as_ref().map(|row| Ok((conversation(row)?, row.word("role")?))).transpose()
    }

    async fn open(
        &self,
        id: ConversationId,
        user: UserId,
        since: Option<u64>,
        limit: u32,
    ) -> StoreResult<Option<Opened>> {
        let page = match since {
            Some(rev) => self.changes_since(id, rev, limit).await?,
            None => self.history(id, None, limit).await?.reversed(),
        };
        let read_marks = self.read_marks(id).await?;
        let members = sqlx::query(
            "SELECT m.user_id FROM members m JOIN live_conversations c ON c.notebook_id = m.notebook_id
             WHERE c.id = ? ORDER BY m.user_id",
        )
        .bind(id.to_string())
        .fetch_all(&self.read)
        .await?;
        let members = members.iter().map(|row| row.parsed("user_id")).collect::<StoreResult<_>>()?;
        let Some((conversation, role)) = self.for_member(id, user).await? else { return Ok(None) };
        Ok(Some(Opened { conversation, role, members, page, read_marks }))
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

    async fn update(
        &self,
        id: ConversationId,
        seen: Option<&Conversation>,
        change: &ConversationUpdate,
    ) -> StoreResult<Option<Conversation>> {
        let ConversationUpdate { title, model } = change;
        let mut tx = self.begin().await?;
        if !log::unchanged(&mut tx, id, seen).await? {
            return Ok(None);
        }
        let row = sqlx::query(
            "UPDATE conversations SET title = CASE WHEN ? THEN ? ELSE title END, model = CASE WHEN ? THEN ? ELSE model END
             WHERE id = ? RETURNING *",
        )
        .bind(title.is_some())
        .bind(title.as_ref().and_then(Option::as_deref))
        .bind(model.is_some())
        .bind(model.as_ref().and_then(Option::as_ref).map(ModelId::to_string))
        .bind(id.to_string())
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        conversation(&row).map(Some)
    }

    async fn title_if_none(&self, id: ConversationId, title: &Title) -> StoreResult<Option<Conversation>> {
        let update = sqlx::query(
            "UPDATE conversations SET title = ?
             WHERE id = ? AND title IS NULL AND id IN (SELECT id FROM live_conversations) RETURNING *",
        )
        .bind(title.as_str())
        .bind(id.to_string());
        self.returning(update).await?.as_ref().map(conversation).transpose()
    }

    async fn mark_deleted(&self, id: ConversationId, seen: Option<&Conversation>, now: Timestamp) -> StoreResult<bool> {
        let mut tx = self.begin().await?;
        if !log::unchanged(&mut tx, id, seen).await? {
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
        let Some(rev) = log::next_rev(&mut tx, message.conversation_id, Some(message.created_at)).await? else {
            return Err(StoreError::Missing("the conversation"));
        };
        if let Some(existing) = log::by_client_id(&mut tx, message).await? {
            // Dropping the transaction gives the rev back.
            return Ok(Appended::Existing(Arc::new(existing)));
        }
        let stored = log::insert(&mut tx, message, rev).await?;
        tx.commit().await?;
        Ok(Appended::Created(Arc::new(stored)))
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
        row.as_ref().map(message).transpose()
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
        let Some(rev) = log::next_rev(&mut tx, conversation, None).await? else {
            return Ok(None);
        };
        if let Some(seen) = seen {
            log::stands_at(&mut tx, conversation, id, seen).await?;
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
            .bind(content.as_str()),
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
        Ok(Some(message(&row)?))
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
        row.as_ref().map(message).transpose()
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
        row.as_ref().map(message).transpose()
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

/// Removes the conversations of a deleted notebook.
pub(crate) async fn purge_all_in(db: &Database, notebook: &str) -> StoreResult<()> {
    let all =
        sqlx::query("SELECT id FROM conversations WHERE notebook_id = ?").bind(notebook).fetch_all(&db.read).await?;
    for row in &all {
        sqlx::query("DELETE FROM conversations WHERE id = ?").bind(row.text("id")?).execute(&db.write).await?;
    }
    Ok(())
}
