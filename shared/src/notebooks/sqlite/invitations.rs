//! Invitations in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::auth::Email;
use crate::ids::{NotebookId, UserId};
use crate::notebooks::{CodeHash, Invitation, InvitationLink, InvitationRepo};
use crate::storage::sqlite::{Columns as _, Database, word};
use crate::storage::{StoreError, StoreResult};

#[async_trait]
impl InvitationRepo for Database {
    async fn invite(&self, invitation: &Invitation) -> StoreResult<()> {
        let link = invitation.link.as_ref();
        let done = sqlx::query(
            "INSERT INTO invitations (notebook_id, email, role, invited_by, created_at, code_hash, expires_at)
             SELECT id, ?, ?, ?, ?, ?, ? FROM live_notebooks WHERE id = ?
             ON CONFLICT (notebook_id, email) DO UPDATE
             SET role = excluded.role, invited_by = excluded.invited_by, created_at = excluded.created_at,
                 code_hash = excluded.code_hash, expires_at = excluded.expires_at",
        )
        .bind(invitation.email.as_str())
        .bind(word(&invitation.role)?)
        .bind(invitation.invited_by.to_string())
        .bind(invitation.created_at.as_millisecond())
        .bind(link.map(|link| link.code_hash.as_slice()))
        .bind(link.map(|link| link.expires_at.as_millisecond()))
        .bind(invitation.notebook_id.to_string())
        .execute(&self.write)
        .await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Missing("the notebook")) }
    }

    async fn invitations(&self, id: NotebookId) -> StoreResult<Vec<Invitation>> {
        let rows = sqlx::query(
            "SELECT i.* FROM invitations i JOIN live_notebooks n ON n.id = i.notebook_id
             WHERE i.notebook_id = ? ORDER BY i.created_at, i.email",
        )
        .bind(id.to_string())
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(invitation).collect()
    }

    async fn withdraw_invitation(&self, id: NotebookId, email: &Email) -> StoreResult<bool> {
        let done = sqlx::query(
            "DELETE FROM invitations
             WHERE notebook_id = ? AND email = ? AND EXISTS (SELECT 1 FROM live_notebooks n WHERE n.id = notebook_id)",
        )
        .bind(id.to_string())
        .bind(email.as_str())
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn by_invitation(&self, code: CodeHash, now: Timestamp) -> StoreResult<Option<Invitation>> {
        let row = sqlx::query(
            "SELECT i.* FROM invitations i JOIN live_notebooks n ON n.id = i.notebook_id
             WHERE i.code_hash = ? AND i.expires_at > ?",
        )
        .bind(code.as_slice())
        .bind(now.as_millisecond())
        .fetch_optional(&self.read)
        .await?;
        row.as_ref().map(invitation).transpose()
    }

    async fn accept_invitation(&self, invitation: &Invitation, user: UserId, now: Timestamp) -> StoreResult<bool> {
        let Some(link) = &invitation.link else { return Ok(false) };
        let (notebook, user) = (invitation.notebook_id.to_string(), user.to_string());
        let mut tx = self.begin().await?;
        let joined = sqlx::query(
            "INSERT INTO members (notebook_id, user_id, role, joined_at)
             SELECT n.id, ?, i.role, ? FROM invitations i JOIN live_notebooks n ON n.id = i.notebook_id
             WHERE i.notebook_id = ? AND i.code_hash = ? AND i.expires_at > ?
             ON CONFLICT DO NOTHING",
        )
        .bind(&user)
        .bind(now.as_millisecond())
        .bind(&notebook)
        .bind(link.code_hash.as_slice())
        .bind(now.as_millisecond())
        .execute(&mut *tx)
        .await?;
        if joined.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("DELETE FROM invitations WHERE notebook_id = ? AND code_hash = ?")
            .bind(&notebook)
            .bind(link.code_hash.as_slice())
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM removed_members WHERE notebook_id = ? AND user_id = ?")
            .bind(&notebook)
            .bind(&user)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }
}

fn invitation(row: &SqliteRow) -> StoreResult<Invitation> {
    let code_hash: Option<&[u8]> = row.try_get("code_hash")?;
    let link = match (code_hash, row.opt_time("expires_at")?) {
        (Some(hash), Some(expires_at)) => Some(InvitationLink {
            code_hash: hash.try_into().map_err(|_| StoreError::Damaged("the hash of an invitation".to_owned()))?,
            expires_at,
        }),
        _ => None,
    };
    Ok(Invitation {
        notebook_id: row.parsed("notebook_id")?,
        email: row.word("email")?,
        role: row.word("role")?,
        invited_by: row.parsed("invited_by")?,
        created_at: row.time("created_at")?,
        link,
    })
}
