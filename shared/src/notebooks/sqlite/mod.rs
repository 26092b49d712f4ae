//! Notebooks and their members in SQLite.

mod invitations;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{CodeHash, Invitation, JoinCode, Member, Notebook, NotebookRepo, NotebookState, Role};
use crate::auth::{Email, UserSummary};
use crate::ids::{NotebookId, UserId};
use crate::pages::Window;
use crate::storage::sqlite::{Columns as _, Database, Transaction, conflict, word};
use crate::storage::{StoreError, StoreResult};

/// A member goes, unless they are the last owner.
const LEAVE: &str = "DELETE FROM members
    WHERE notebook_id = ?1 AND user_id = ?2
      AND EXISTS (SELECT 1 FROM live_notebooks n WHERE n.id = notebook_id)
      AND (role <> 'owner' OR EXISTS (
          SELECT 1 FROM members o WHERE o.notebook_id = ?1 AND o.role = 'owner' AND o.user_id <> ?2))";

const SWITCH_OFF: &str = "UPDATE notebooks SET join_code = NULL, join_role = NULL, join_expires_at = NULL, join_uses_left = NULL WHERE id = ?";

const WITHDRAW_THEIRS: &str = "DELETE FROM invitations WHERE notebook_id = ? AND invited_by = ?";

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
        .bind(&notebook.title)
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
        title: &str,
        now: Timestamp,
    ) -> StoreResult<Option<Notebook>> {
        let mut tx = self.begin().await?;
        if !unchanged(&mut tx, id, seen).await? {
            return Ok(None);
        }
        let row = sqlx::query("UPDATE notebooks SET title = ?, updated_at = ? WHERE id = ? RETURNING *")
            .bind(title)
            .bind(now.as_millisecond())
            .bind(id.to_string())
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        notebook(&row).map(Some)
    }

    async fn set_join_code(&self, id: NotebookId, code: Option<&JoinCode>) -> StoreResult<Option<Notebook>> {
        let rows = sqlx::query(
            "UPDATE notebooks SET join_code = ?, join_role = ?, join_expires_at = ?, join_uses_left = ?
             WHERE id = ? AND deleted_at IS NULL RETURNING *",
        )
        .bind(code.map(|code| &code.code))
        .bind(code.map(|code| word(&code.role)).transpose()?)
        .bind(code.and_then(|code| code.expires_at).map(Timestamp::as_millisecond))
        .bind(code.and_then(|code| code.uses_left))
        .bind(id.to_string())
        .fetch_all(&self.write)
        .await
        .map_err(conflict("a notebook with this join code"))?;
        rows.first().map(notebook).transpose()
    }

    async fn by_join_code(&self, code: &str) -> StoreResult<Option<Notebook>> {
        let row = sqlx::query("SELECT * FROM live_notebooks WHERE join_code = ?")
            .bind(code)
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(notebook).transpose()
    }

    async fn join(&self, id: NotebookId, code: &str, user: UserId, now: Timestamp) -> StoreResult<bool> {
        let mut tx = self.begin().await?;
        let joined = sqlx::query(
            "INSERT INTO members (notebook_id, user_id, role, joined_at)
             SELECT id, ?1, join_role, ?2 FROM live_notebooks
             WHERE id = ?3 AND join_code = ?4 AND coalesce(join_uses_left, 1) > 0 AND coalesce(join_expires_at, ?2 + 1) > ?2
               AND NOT EXISTS (SELECT 1 FROM removed_members r WHERE r.notebook_id = ?3 AND r.user_id = ?1)
             ON CONFLICT DO NOTHING",
        )
        .bind(user.to_string())
        .bind(now.as_millisecond())
        .bind(id.to_string())
        .bind(code)
        .execute(&mut *tx)
        .await?;
        if joined.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("UPDATE notebooks SET join_uses_left = join_uses_left - 1 WHERE id = ?")
            .bind(id.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn role_of(&self, id: NotebookId, user: UserId) -> StoreResult<Option<Role>> {
        let row = sqlx::query(
            "SELECT m.role FROM members m JOIN live_notebooks n ON n.id = m.notebook_id
             WHERE m.notebook_id = ? AND m.user_id = ?",
        )
        .bind(id.to_string())
        .bind(user.to_string())
        .fetch_optional(&self.read)
        .await?;
        row.map(|row| row.word("role")).transpose()
    }

    async fn members_page(&self, id: NotebookId, window: &Window) -> StoreResult<Vec<Member>> {
        let (after, user) = window.oldest_first();
        let rows = sqlx::query(
            "SELECT m.role, m.joined_at, u.id, u.name, u.email
             FROM members m JOIN live_notebooks n ON n.id = m.notebook_id JOIN users u ON u.id = m.user_id
             WHERE m.notebook_id = ? AND (m.joined_at, m.user_id) > (?, ?) ORDER BY m.joined_at, m.user_id LIMIT ?",
        )
        .bind(id.to_string())
        .bind(after)
        .bind(user)
        .bind(window.limit)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(member).collect()
    }

    async fn member_ids(&self, id: NotebookId) -> StoreResult<Vec<UserId>> {
        let rows = sqlx::query(
            "SELECT m.user_id FROM members m JOIN live_notebooks n ON n.id = m.notebook_id
             WHERE m.notebook_id = ? ORDER BY m.joined_at, m.user_id",
        )
        .bind(id.to_string())
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(|row| row.parsed("user_id")).collect()
    }

    async fn set_role(&self, id: NotebookId, user: UserId, role: Role) -> StoreResult<bool> {
        let (notebook, member) = (id.to_string(), user.to_string());
        let mut tx = self.begin().await?;
        let before = sqlx::query(
            "SELECT m.role, n.join_role FROM members m JOIN live_notebooks n ON n.id = m.notebook_id
             WHERE m.notebook_id = ? AND m.user_id = ?",
        )
        .bind(&notebook)
        .bind(&member)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(before) = before else { return Ok(false) };
        let done = sqlx::query(
            "UPDATE members SET role = ?3
             WHERE notebook_id = ?1 AND user_id = ?2
               AND (role <> 'owner' OR ?3 = 'owner' OR EXISTS (
                   SELECT 1 FROM members o WHERE o.notebook_id = ?1 AND o.role = 'owner' AND o.user_id <> ?2))",
        )
        .bind(&notebook)
        .bind(&member)
        .bind(word(&role)?)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        let had: Role = before.word("role")?;
        if role < had && before.opt_text("join_role")?.is_some() && role < before.word("join_role")? {
            sqlx::query(SWITCH_OFF).bind(&notebook).execute(&mut *tx).await?;
        }
        if role < had && had == Role::Owner {
            sqlx::query(WITHDRAW_THEIRS).bind(&notebook).bind(&member).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    async fn is_removed(&self, id: NotebookId, user: UserId) -> StoreResult<bool> {
        let found = sqlx::query("SELECT 1 FROM removed_members WHERE notebook_id = ? AND user_id = ?")
            .bind(id.to_string())
            .bind(user.to_string())
            .fetch_optional(&self.read)
            .await?;
        Ok(found.is_some())
    }

    async fn remove_member(&self, id: NotebookId, user: UserId) -> StoreResult<bool> {
        let done = sqlx::query(LEAVE).bind(id.to_string()).bind(user.to_string()).execute(&self.write).await?;
        Ok(done.rows_affected() == 1)
    }

    async fn expel(&self, id: NotebookId, user: UserId, now: Timestamp) -> StoreResult<bool> {
        let (id, user) = (id.to_string(), user.to_string());
        let mut tx = self.begin().await?;
        let done = sqlx::query(LEAVE).bind(&id).bind(&user).execute(&mut *tx).await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query(SWITCH_OFF).bind(&id).execute(&mut *tx).await?;
        sqlx::query(WITHDRAW_THEIRS).bind(&id).bind(&user).execute(&mut *tx).await?;
        sqlx::query(
            "INSERT INTO removed_members (notebook_id, user_id, removed_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(&id)
        .bind(&user)
        .bind(now.as_millisecond())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn invite(&self, invitation: &Invitation) -> StoreResult<()> {
        invitations::invite(self, invitation).await
    }

    async fn invitations(&self, id: NotebookId) -> StoreResult<Vec<Invitation>> {
        invitations::list(self, id).await
    }

    async fn withdraw_invitation(&self, id: NotebookId, email: &Email) -> StoreResult<bool> {
        invitations::withdraw(self, id, email).await
    }

    async fn by_invitation(&self, code: CodeHash, now: Timestamp) -> StoreResult<Option<Invitation>> {
        invitations::by_code(self, code, now).await
    }

    async fn accept_invitation(&self, invitation: &Invitation, user: UserId, now: Timestamp) -> StoreResult<bool> {
        invitations::accept(self, invitation, user, now).await
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
        title: row.text("title")?,
        join_code,
        created_by: row.parsed("created_by")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

fn member(row: &SqliteRow) -> StoreResult<Member> {
    Ok(Member {
        user: UserSummary { id: row.parsed("id")?, name: row.text("name")?, email: row.word("email")? },
        role: row.word("role")?,
        joined_at: row.time("joined_at")?,
    })
}
