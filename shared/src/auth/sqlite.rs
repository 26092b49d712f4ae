//! Accounts and sessions in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Credentials, Email, NOBODY, Name, Session, SessionRepo, TokenHash, User, UserRepo};
use crate::ids::{SessionId, UserId};
use crate::pages::Window;
use crate::storage::sqlite::{Columns as _, Database, conflict};
use crate::storage::{StoreError, StoreResult};

#[async_trait]
impl UserRepo for Database {
    async fn create(&self, user: &User, password_hash: &SecretString) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO users (id, email, name, password_hash, created_at, verified_at, admin)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(user.id.to_string())
        .bind(user.email.as_str())
        .bind(user.name.as_str())
        .bind(password_hash.expose_secret())
        .bind(user.created_at.as_millisecond())
        .bind(user.verified_at.map(Timestamp::as_millisecond))
        .bind(user.admin)
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

    async fn credentials(&self, email: &Email) -> StoreResult<Option<Credentials>> {
        let row = sqlx::query("SELECT * FROM users WHERE email IN (?1, ?2) ORDER BY email = ?1 DESC LIMIT 1")
            .bind(email.as_str())
            .bind(email.in_ascii())
            .fetch_optional(&self.read)
            .await?;
        row.map(|row| Ok(Credentials { user: user(&row)?, password_hash: row.text("password_hash")?.into() }))
            .transpose()
    }

    async fn password_hash(&self, id: UserId) -> StoreResult<Option<SecretString>> {
        let row = sqlx::query("SELECT password_hash FROM users WHERE id = ?")
            .bind(id.to_string())
            .fetch_optional(&self.read)
            .await?;
        row.map(|row| Ok(row.text("password_hash")?.into())).transpose()
    }

    async fn set_admin(&self, id: UserId, admin: bool, now: Timestamp) -> StoreResult<bool> {
        let done = sqlx::query(
            "UPDATE users SET admin = ?1, verified_at = CASE WHEN ?1 THEN coalesce(verified_at, ?2) ELSE verified_at END
             WHERE id = ?3",
        )
        .bind(admin)
        .bind(now.as_millisecond())
        .bind(id.to_string())
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn set_password(&self, id: UserId, before: &SecretString, hash: &SecretString) -> StoreResult<bool> {
        let done = sqlx::query("UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?")
            .bind(hash.expose_secret())
            .bind(id.to_string())
            .bind(before.expose_secret())
            .execute(&self.write)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn delete(&self, user: &User) -> StoreResult<()> {
        let id = user.id.to_string();
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE messages SET author_json = json_set(author_json, '$.name', ?)
             WHERE author_json ->> 'userId' = ?",
        )
        .bind(NOBODY)
        .bind(&id)
        .execute(&mut *tx)
        .await?;
        sqlx::query("DELETE FROM invitations WHERE email IN (?, ?)")
            .bind(user.email.as_str())
            .bind(user.email.in_ascii())
            .execute(&mut *tx)
            .await?;
        // Sessions, notifications and memberships go with it.
        sqlx::query("DELETE FROM users WHERE id = ?").bind(&id).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    async fn admins(&self) -> StoreResult<Vec<User>> {
        let rows = sqlx::query("SELECT * FROM users WHERE admin ORDER BY email").fetch_all(&self.read).await?;
        rows.iter().map(user).collect()
    }
}

#[async_trait]
impl SessionRepo for Database {
    async fn create(&self, session: &Session) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO sessions (id, user_id, token_hash, previous_hash, other_hash, family_hash, created_at,
                                   rotated_at, expires_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(session.id.to_string())
        .bind(session.user_id.to_string())
        .bind(session.token_hash.as_slice())
        .bind(session.previous_hash.as_ref().map(TokenHash::as_slice))
        .bind(session.other_hash.as_ref().map(TokenHash::as_slice))
        .bind(session.family_hash.as_ref().map(TokenHash::as_slice))
        .bind(session.created_at.as_millisecond())
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

    async fn by_token(&self, token: TokenHash, now: Timestamp) -> StoreResult<Option<Session>> {
        let row =
            sqlx::query("SELECT * FROM sessions WHERE (token_hash = ?1 OR previous_hash = ?1) AND expires_at > ?2")
                .bind(token.as_slice())
                .bind(now.as_millisecond())
                .fetch_optional(&self.read)
                .await?;
        row.as_ref().map(session).transpose()
    }

    async fn list_page(&self, user: UserId, now: Timestamp, window: &Window) -> StoreResult<Vec<Session>> {
        let (before, id) = window.newest_first();
        let rows = sqlx::query(
            "SELECT * FROM sessions WHERE user_id = ? AND expires_at > ? AND (rotated_at, id) < (?, ?)
             ORDER BY rotated_at DESC, id DESC LIMIT ?",
        )
        .bind(user.to_string())
        .bind(now.as_millisecond())
        .bind(before)
        .bind(id)
        .bind(window.limit)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(session).collect()
    }

    async fn rotate(&self, before: TokenHash, session: &Session, now: Timestamp) -> StoreResult<bool> {
        let done = sqlx::query(
            "UPDATE sessions SET token_hash = ?, previous_hash = ?, other_hash = ?, family_hash = ?, created_at = ?,
                                 rotated_at = ?, expires_at = ?
             WHERE id = ? AND token_hash = ? AND expires_at > ?",
        )
        .bind(session.token_hash.as_slice())
        .bind(session.previous_hash.as_ref().map(TokenHash::as_slice))
        .bind(session.other_hash.as_ref().map(TokenHash::as_slice))
        .bind(session.family_hash.as_ref().map(TokenHash::as_slice))
        .bind(session.created_at.as_millisecond())
        .bind(session.rotated_at.as_millisecond())
        .bind(session.expires_at.as_millisecond())
        .bind(session.id.to_string())
        .bind(before.as_slice())
        .bind(now.as_millisecond())
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected() == 1)
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
        name: Name::stored(row.text("name")?),
        created_at: row.time("created_at")?,
        verified_at: row.opt_time("verified_at")?,
        admin: row.number::<i64>("admin")? != 0,
    })
}

fn session(row: &SqliteRow) -> StoreResult<Session> {
    let opt_hash = |column: &str| row.try_get::<Option<&[u8]>, _>(column)?.map(hash).transpose();
    let rotated_at = row.time("rotated_at")?;
    Ok(Session {
        id: row.parsed("id")?,
        user_id: row.parsed("user_id")?,
        token_hash: hash(row.try_get("token_hash")?)?,
        previous_hash: opt_hash("previous_hash")?,
        other_hash: opt_hash("other_hash")?,
        family_hash: opt_hash("family_hash")?,
        created_at: row.opt_time("created_at")?.unwrap_or(rotated_at),
        rotated_at,
        expires_at: row.time("expires_at")?,
    })
}

fn hash(bytes: &[u8]) -> StoreResult<TokenHash> {
    bytes.try_into().map_err(|_| StoreError::Damaged(format!("a token hash of {} bytes", bytes.len())))
}
