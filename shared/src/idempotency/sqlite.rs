//! Kept answers in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Claim, IdempotencyRepo, KeptAnswer, MAX_KEYS, Request};
use crate::storage::StoreResult;
use crate::storage::sqlite::{Columns as _, Database, json};

#[async_trait]
impl IdempotencyRepo for Database {
    async fn claim(&self, request: Request<'_>, now: Timestamp, until: Timestamp) -> StoreResult<Claim> {
        let user = request.user.to_string();
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM idempotency_keys WHERE until <= ?")
            .bind(now.as_millisecond())
            .execute(&mut *tx)
            .await?;
        let known = sqlx::query("SELECT fingerprint, answer_json FROM idempotency_keys WHERE user_id = ? AND key = ?")
            .bind(&user)
            .bind(request.key)
            .fetch_optional(&mut *tx)
            .await?;
        if let Some(known) = known {
            let claim = Claim::of(request, &known.text("fingerprint")?, known.opt_json("answer_json")?);
            tx.commit().await?;
            return Ok(claim);
        }
        sqlx::query(
            "DELETE FROM idempotency_keys WHERE user_id = ?1 AND key IN
                 (SELECT key FROM idempotency_keys WHERE user_id = ?1 ORDER BY claimed_at DESC LIMIT -1 OFFSET ?2)",
        )
        .bind(&user)
        .bind(MAX_KEYS - 1)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "INSERT INTO idempotency_keys (user_id, key, fingerprint, claimed_at, until) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(&user)
        .bind(request.key)
        .bind(request.fingerprint)
        .bind(now.as_millisecond())
        .bind(until.as_millisecond())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Claim::New)
    }

    async fn keep(&self, request: Request<'_>, answer: &KeptAnswer, until: Timestamp) -> StoreResult<()> {
        sqlx::query(
            "UPDATE idempotency_keys SET answer_json = ?, until = ? WHERE user_id = ? AND key = ? AND fingerprint = ?",
        )
        .bind(json(answer)?)
        .bind(until.as_millisecond())
        .bind(request.user.to_string())
        .bind(request.key)
        .bind(request.fingerprint)
        .execute(&self.write)
        .await?;
        Ok(())
    }

    async fn give_back(&self, request: Request<'_>) -> StoreResult<()> {
        sqlx::query(
            "DELETE FROM idempotency_keys WHERE user_id = ? AND key = ? AND fingerprint = ? AND answer_json IS NULL",
        )
        .bind(request.user.to_string())
        .bind(request.key)
        .bind(request.fingerprint)
        .execute(&self.write)
        .await?;
        Ok(())
    }
}
