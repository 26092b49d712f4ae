//! Accounts and sessions in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Email, RotateOutcome, Session, SessionRepo, TokenHash, User, UserRepo};
use crate::ids::{SessionId, UserId};
use crate::storage::sqlite::{Columns as _, Database, conflict};
use crate::storage::{StoreError, StoreResult};

#[async_trait]
impl UserRepo for Database {
    async fn create(&self, user: &User) -> StoreResult<()> {
        sqlx::query("INSERT INTO users (id, email, name, password_hash, created_at) VALUES (?, ?, ?, ?, ?)")
            .bind(user.id.to_string())
            .bind(user.email.as_str())
            .bind(&user.name)
            .bind(&user.password_hash)
            .bind(user.created_at.as_millisecond())
            .execute(&self.write)
            .await
            .map_err(conflict("an account with this address"))?;
        Ok(())
    }

    async fn get(&self, id: UserId) -> StoreResult<Option<User>> {
        let row =
            sqlx::query("SELECT * FROM users WHERE id = ?").bind(id.to_string()).fetch_optional(&self.read).await?;
        row.as_ref().map(user).transpose()
    }

    async fn by_email(&self, email: &Email) -> StoreResult<Option<User>> {
        let row =
            sqlx::query("SELECT * FROM users WHERE email = ?").bind(email.as_str()).fetch_optional(&self.read).await?;
        row.as_ref().map(user).transpose()
    }
}

#[async_trait]
impl SessionRepo for Database {
    async fn create(&self, session: &Session) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO sessions (id, user_id, token_hash, previous_hash, rotated_at, expires_at)
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(session.id.to_string())
        .bind(session.user_id.to_string())
        .bind(session.token_hash.as_slice())
        .bind(session.previous_hash.as_ref().map(TokenHash::as_slice))
        .bind(session.rotated_at.as_millisecond())
        .bind(session.expires_at.as_millisecond())
        .execute(&self.write)
        .await
        .map_err(conflict("the session"))?;
        Ok(())
    }

    async fn get(&self, id: SessionId, now: Timestamp) -> StoreResult<Option<Session>> {
        let row = sqlx::query("SELECT * FROM sessions WHERE id = ? AND expires_at > ?")
            .bind(id.to_string())
            .bind(now.as_millisecond())
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(session).transpose()
    }

    async fn rotate(
        &self,
        presented: TokenHash,
        next: TokenHash,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> StoreResult<RotateOutcome> {
        let rotate = sqlx::query(
            "UPDATE sessions SET token_hash = ?2, previous_hash = token_hash, rotated_at = ?3, expires_at = ?4
             WHERE token_hash = ?1 AND expires_at > ?3
             RETURNING *",
        )
        .bind(presented.as_slice())
        .bind(next.as_slice())
        .bind(now.as_millisecond())
        .bind(expires_at.as_millisecond());
        if let Some(row) = self.returning(rotate).await? {
            return Ok(RotateOutcome::Rotated(session(&row)?));
        }
        let reused = sqlx::query("SELECT * FROM sessions WHERE previous_hash = ? AND expires_at > ?")
            .bind(presented.as_slice())
            .bind(now.as_millisecond())
            .fetch_optional(&self.read)
            .await?;
        Ok(match reused {
            Some(row) => RotateOutcome::Reused(session(&row)?),
            None => RotateOutcome::Unknown,
        })
    }

    async fn delete(&self, id: SessionId) -> StoreResult<()> {
        sqlx::query("DELETE FROM sessions WHERE id = ?").bind(id.to_string()).execute(&self.write).await?;
        Ok(())
    }

    async fn delete_expired(&self, now: Timestamp) -> StoreResult<u64> {
        let done = sqlx::query("DELETE FROM sessions WHERE expires_at <= ?")
            .bind(now.as_millisecond())
            .execute(&self.write)
            .await?;
        Ok(done.rows_affected())
    }
}

fn user(row: &SqliteRow) -> StoreResult<User> {
    Ok(User {
        id: row.parsed("id")?,
        email: row.word("email")?,
        name: row.text("name")?,
        password_hash: row.text("password_hash")?,
        created_at: row.time("created_at")?,
    })
}

fn session(row: &SqliteRow) -> StoreResult<Session> {
    Ok(Session {
        id: row.parsed("id")?,
        user_id: row.parsed("user_id")?,
        token_hash: hash(row.try_get("token_hash")?)?,
        previous_hash: row.try_get::<Option<&[u8]>, _>("previous_hash")?.map(hash).transpose()?,
        rotated_at: row.time("rotated_at")?,
        expires_at: row.time("expires_at")?,
    })
}

fn hash(bytes: &[u8]) -> StoreResult<TokenHash> {
    bytes.try_into().map_err(|_| StoreError::Damaged(format!("a token hash of {} bytes", bytes.len())))
}
