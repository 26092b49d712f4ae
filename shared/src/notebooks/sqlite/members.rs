//! The members of notebooks in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;

use super::{SWITCH_OFF, notebook};
use crate::auth::UserSummary;
use crate::ids::{NotebookId, UserId};
use crate::notebooks::{JoinCode, Member, MemberRepo, Notebook, Role};
use crate::pages::Window;
use crate::storage::StoreResult;
use crate::storage::sqlite::{Columns as _, Database, conflict, word};

/// Removes a member, unless they are the last owner.
const LEAVE: &str = "DELETE FROM members
    WHERE notebook_id = ?1 AND user_id = ?2
      AND EXISTS (SELECT 1 FROM live_notebooks n WHERE n.id = notebook_id)
      AND (role <> 'owner' OR EXISTS (
          SELECT 1 FROM members o WHERE o.notebook_id = ?1 AND o.role = 'owner' AND o.user_id <> ?2))";

const WITHDRAW_THEIRS: &str = "DELETE FROM invitations WHERE notebook_id = ? AND invited_by = ?";

#[async_trait]
impl MemberRepo for Database {
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
}

fn member(row: &SqliteRow) -> StoreResult<Member> {
    Ok(Member {
        user: UserSummary { id: row.parsed("id")?, name: row.text("name")?, email: row.word("email")? },
        role: row.word("role")?,
        joined_at: row.time("joined_at")?,
    })
}
