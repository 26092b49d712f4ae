//! Notebooks in SQLite, with their [`members`] and [`invitations`].

mod invitations;
mod members;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{JoinCode, Notebook, NotebookRepo, NotebookState, Role, Title};
use crate::ids::{NotebookId, UserId};
use crate::pages::Window;
use crate::storage::sqlite::{Columns as _, Database, Transaction, conflict, word};
use crate::storage::{StoreError, StoreResult};

/// Switches the join code off.
const SWITCH_OFF: &str = "UPDATE notebooks SET join_code = NULL, join_role = NULL, join_expires_at = NULL, join_uses_left = NULL WHERE id = ?";

#[async_trait]
impl NotebookRepo for Database {
    async fn create(&self, notebook: &Notebook) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        let role = notebook.join_code.as_ref().map(|code| word(&code.role)).transpose()?;
        sqlx::query(
            "INSERT INTO notebooks (id, title, join_code, join_role, join_expires_at, join_uses_left, created_by, created_at,
                                    updated_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(notebook.id.to_string())
        .bind(notebook.title.as_str())
        .bind(notebook.join_code.as_ref().map(|code| &code.code))
        .bind(role)
        .bind(notebook.join_code.as_ref().and_then(|code| code.expires_at).map(Timestamp::as_millisecond))
        .bind(notebook.join_code.as_ref().and_then(|code| code.uses_left))
        .bind(notebook.created_by.to_string())
        .bind(notebook.created_at.as_millisecond())
        .bind(notebook.updated_at.as_millisecond())
        .execute(&mut *tx)
        .await
        .map_err(conflict("the notebook or its join code"))?;
        sqlx::query("INSERT INTO members (notebook_id, user_id, role, joined_at) VALUES (?, ?, 'owner', ?)")
            .bind(notebook.id.to_string())
            .bind(notebook.created_by.to_string())
            .bind(notebook.created_at.as_millisecond())
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    async fn get(&self, id: NotebookId) -> StoreResult<Option<Notebook>> {
        let row = sqlx::query("SELECT * FROM live_notebooks WHERE id = ?")
            .bind(id.to_string())
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(notebook).transpose()
    }

    async fn list_page(&self, user: UserId, window: &Window) -> StoreResult<Vec<(Notebook, Role)>> {
        let (before, id) = window.newest_first();
        let rows = sqlx::query(
            "SELECT n.*, m.role FROM members m JOIN live_notebooks n ON n.id = m.notebook_id
             WHERE m.user_id = ? AND (n.updated_at, n.id) < (?, ?) ORDER BY n.updated_at DESC, n.id DESC LIMIT ?",
        )
        .bind(user.to_string())
        .bind(before)
        .bind(id)
        .bind(window.limit)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(|row| Ok((notebook(row)?, row.word("role")?))).collect()
    }

    async fn count_owned(&self, user: UserId) -> StoreResult<u64> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS count FROM members m JOIN live_notebooks n ON n.id = m.notebook_id
             WHERE m.user_id = ? AND m.role = 'owner'",
        )
        .bind(user.to_string())
        .fetch_one(&self.read)
        .await?;
        row.number("count")
    }

    async fn rename(
        &self,
        id: NotebookId,
        seen: Option<&NotebookState>,
        title: &Title,
        now: Timestamp,
    ) -> StoreResult<Option<Notebook>> {
        let mut tx = self.begin().await?;
        if !unchanged(&mut tx, id, seen).await? {
            return Ok(None);
        }
        let row = sqlx::query("UPDATE notebooks SET title = ?, updated_at = ? WHERE id = ? RETURNING *")
            .bind(title.as_str())
            .bind(now.as_millisecond())
            .bind(id.to_string())
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        notebook(&row).map(Some)
    }

    async fn mark_deleted(&self, id: NotebookId, seen: Option<&NotebookState>, now: Timestamp) -> StoreResult<bool> {
        let mut tx = self.begin().await?;
        if !unchanged(&mut tx, id, seen).await? {
            return Ok(false);
        }
        // The join code is given up: it must not keep another notebook from drawing it.
        sqlx::query(SWITCH_OFF).bind(id.to_string()).execute(&mut *tx).await?;
        sqlx::query("UPDATE notebooks SET deleted_at = ? WHERE id = ?")
            .bind(now.as_millisecond())
            .bind(id.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn deleted_of(&self, owner: UserId, window: &Window) -> StoreResult<Vec<(Notebook, Timestamp)>> {
        let (before, id) = window.newest_first();
        let rows = sqlx::query(
            "SELECT n.* FROM members m JOIN notebooks n ON n.id = m.notebook_id
             WHERE m.user_id = ? AND m.role = 'owner' AND n.deleted_at IS NOT NULL AND n.purging = 0
             AND (n.deleted_at, n.id) < (?, ?) ORDER BY n.deleted_at DESC, n.id DESC LIMIT ?",
        )
        .bind(owner.to_string())
        .bind(before)
        .bind(id)
        .bind(window.limit)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(|row| Ok((notebook(row)?, row.time("deleted_at")?))).collect()
    }

    async fn restore(&self, id: NotebookId, owner: UserId) -> StoreResult<Option<Notebook>> {
        let restore = sqlx::query(
            "UPDATE notebooks SET deleted_at = NULL
             WHERE id = ?1 AND deleted_at IS NOT NULL AND purging = 0
             AND EXISTS (SELECT 1 FROM members m WHERE m.notebook_id = ?1 AND m.user_id = ?2 AND m.role = 'owner')
             RETURNING *",
        )
        .bind(id.to_string())
        .bind(owner.to_string());
        self.returning(restore).await?.as_ref().map(notebook).transpose()
    }

    async fn begin_purge(&self, id: NotebookId) -> StoreResult<bool> {
        let begin = sqlx::query("UPDATE notebooks SET purging = 1 WHERE id = ? AND deleted_at IS NOT NULL");
        Ok(begin.bind(id.to_string()).execute(&self.write).await?.rows_affected() == 1)
    }

    async fn deleted(&self, upto: Timestamp) -> StoreResult<Vec<NotebookId>> {
        let rows = sqlx::query("SELECT id FROM notebooks WHERE deleted_at <= ? ORDER BY deleted_at")
            .bind(upto.as_millisecond())
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(|row| row.parsed("id")).collect()
    }

    async fn purge(&self, id: NotebookId) -> StoreResult<()> {
        let deleted = sqlx::query("SELECT 1 FROM notebooks WHERE id = ? AND deleted_at IS NOT NULL")
            .bind(id.to_string())
            .fetch_optional(&self.read)
            .await?;
        if deleted.is_none() {
            return Ok(());
        }
        // One source and one conversation at a time, so that other writers get their turn in between.
        self.cascade("notebooks", &id.to_string()).await?;
        sqlx::query("DELETE FROM notebooks WHERE id = ?").bind(id.to_string()).execute(&self.write).await?;
        Ok(())
    }
}

/// Whether the notebook is there; [`StoreError::Changed`] when it is not as it was seen.
async fn unchanged(tx: &mut Transaction, id: NotebookId, seen: Option<&NotebookState>) -> StoreResult<bool> {
    let row =
        sqlx::query("SELECT * FROM live_notebooks WHERE id = ?").bind(id.to_string()).fetch_optional(&mut **tx).await?;
    let Some(row) = row else { return Ok(false) };
    match (seen, notebook(&row)?) {
        (Some(seen), stored) if !seen.is_that_of(&stored) => Err(StoreError::Changed("the notebook")),
        _ => Ok(true),
    }
}

fn notebook(row: &SqliteRow) -> StoreResult<Notebook> {
    let join_code = match row.opt_text("join_code")? {
        Some(code) => {
            let (role, expires_at) = (row.word("join_role")?, row.opt_time("join_expires_at")?);
            Some(JoinCode { code, role, expires_at, uses_left: row.try_get("join_uses_left")? })
        }
        None => None,
    };
    Ok(Notebook {
        id: row.parsed("id")?,
        title: Title::stored(row.text("title")?),
        join_code,
        created_by: row.parsed("created_by")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
