//! The work queue that the states of source versions form.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{Executor, Sqlite};

use super::live_source;
use super::rows::{open_version, version};
use crate::ids::{NotebookId, SourceId, UserId};
use crate::sources::retry::may_retry;
use crate::sources::{
    ClaimRequest, ClaimedVersion, Format, IngestFailure, IngestQueue, IngestState, NotRead, OpenVersion, QueueDepth,
    Retry, SegmentId, fair,
};
use crate::storage::StoreResult;
use crate::storage::sqlite::{Columns as _, Database, Transaction, integer, json, word};

#[async_trait]
impl IngestQueue for Database {
    async fn claim_next(&self, request: &ClaimRequest<'_>) -> StoreResult<Option<ClaimedVersion>> {
        let mut tx = self.begin().await?;
        let open = open_versions(&mut *tx, request.now).await?;
        let claimed = match fair::in_turn(&open, request).first() {
            Some(next) => take(&mut tx, next.segment, request).await?,
            None => None,
        };
        tx.commit().await?;
        Ok(claimed)
    }

    async fn open_versions(&self, now: Timestamp) -> StoreResult<Vec<OpenVersion>> {
        open_versions(&self.read, now).await
    }

    async fn depth(&self, now: Timestamp) -> StoreResult<QueueDepth> {
        let row = sqlx::query(
            "SELECT count(*) AS count, min(COALESCE(v.queued_at, v.created_at)) AS since
             FROM source_versions v JOIN live_sources s ON s.id = v.source_id
             WHERE v.step NOT IN ('ready', 'failed') AND (v.owner IS NULL OR v.lease_until <= ?)",
        )
        .bind(now.as_millisecond())
        .fetch_one(&self.read)
        .await?;
        Ok(QueueDepth { count: row.number("count")?, since: row.opt_time("since")? })
    }

    async fn retry(&self, notebook: NotebookId, id: SourceId, by: UserId, now: Timestamp) -> StoreResult<Retry> {
        let mut tx = self.begin().await?;
        let failed = sqlx::query(
            "SELECT v.version, v.retries, v.updated_at FROM source_versions v
             JOIN live_sources s ON s.id = v.source_id AND s.version = v.version
             WHERE v.step = 'failed' AND s.notebook_id = ? AND s.id = ?",
        )
        .bind(notebook.to_string())
        .bind(id.to_string())
        .fetch_optional(&mut *tx)
        .await?;
        let Some(failed) = failed else {
            return Ok(Retry::NotFailed);
        };
        if let Err(refused) = may_retry(failed.number("retries")?, failed.time("updated_at")?, now) {
            return Ok(refused);
        }
        sqlx::query(
            "UPDATE source_versions SET state_json = ?1, attempts = 0, crashes = 0, crash_state = NULL,
                 retries = retries + 1, updated_at = ?2, queued_at = ?2, queued_by = ?3
             WHERE source_id = ?4 AND version = ?5",
        )
        .bind(json(&IngestState::Queued)?)
        .bind(now.as_millisecond())
        .bind(by.to_string())
        .bind(id.to_string())
        .bind(failed.number::<u32>("version")?)
        .execute(&mut *tx)
        .await?;
        let source = live_source(&mut tx, id).await?;
        tx.commit().await?;
        Ok(source.map_or(Retry::NotFailed, |source| Retry::Queued(Box::new(source))))
    }

    async fn progress(
        &self,
        claim: &ClaimedVersion,
        state: &IngestState,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> StoreResult<bool> {
        let Some(mut tx) = begin_holding(self, claim).await? else {
            return Ok(false);
        };
        sqlx::query(
            "UPDATE source_versions SET state_json = ?, updated_at = ?, lease_until = ? WHERE source_id = ? AND version = ?",
        )
        .bind(json(state)?)
        .bind(now.as_millisecond())
        .bind(lease_until.as_millisecond())
        .bind(claim.source.id.to_string())
        .bind(claim.version.version)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn fetched(&self, claim: &ClaimedVersion, name: &str, format: Format, size: u64) -> StoreResult<bool> {
        let Some(mut tx) = begin_holding(self, claim).await? else {
            return Ok(false);
        };
        sqlx::query("UPDATE source_versions SET format = ?, size = ? WHERE source_id = ? AND version = ?")
            .bind(word(&format)?)
            .bind(integer(size))
            .bind(claim.source.id.to_string())
            .bind(claim.version.version)
            .execute(&mut *tx)
            .await?;
        sqlx::query("UPDATE sources SET name = ? WHERE id = ?")
            .bind(name)
            .bind(claim.source.id.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn put_not_read(&self, claim: &ClaimedVersion, not_read: &[NotRead]) -> StoreResult<bool> {
        let Some(mut tx) = begin_holding(self, claim).await? else {
            return Ok(false);
        };
        sqlx::query("UPDATE source_versions SET not_read_json = ? WHERE source_id = ? AND version = ?")
            .bind(json(&not_read)?)
            .bind(claim.source.id.to_string())
            .bind(claim.version.version)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn ready(
        &self,
        claim: &ClaimedVersion,
        page_count: Option<u32>,
        chunk_count: u32,
        now: Timestamp,
    ) -> StoreResult<bool> {
        let Some(mut tx) = begin_holding(self, claim).await? else {
            return Ok(false);
        };
        sqlx::query("UPDATE source_versions SET page_count = ?, chunk_count = ? WHERE source_id = ? AND version = ?")
            .bind(page_count)
            .bind(chunk_count)
            .bind(claim.source.id.to_string())
            .bind(claim.version.version)
            .execute(&mut *tx)
            .await?;
        end(&mut tx, claim, &IngestState::Ready, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn failed(&self, claim: &ClaimedVersion, failure: &IngestFailure, now: Timestamp) -> StoreResult<bool> {
        let Some(mut tx) = begin_holding(self, claim).await? else {
            return Ok(false);
        };
        end(&mut tx, claim, &IngestState::Failed(failure.clone()), now).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn release(&self, claim: &ClaimedVersion, now: Timestamp) -> StoreResult<bool> {
        let Some(mut tx) = begin_holding(self, claim).await? else {
            return Ok(false);
        };
        // Nothing crashed, so the attempt does not count.
        sqlx::query("UPDATE source_versions SET attempts = attempts - 1 WHERE source_id = ? AND version = ?")
            .bind(claim.source.id.to_string())
            .bind(claim.version.version)
            .execute(&mut *tx)
            .await?;
        end(&mut tx, claim, &IngestState::Queued, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn end_leases(&self, now: Timestamp) -> StoreResult<()> {
        sqlx::query("UPDATE source_versions SET lease_until = ?1 WHERE owner IS NOT NULL AND lease_until > ?1")
            .bind(now.as_millisecond())
            .execute(&self.write)
            .await?;
        Ok(())
    }
}

async fn open_versions(
    executor: impl Executor<'_, Database = Sqlite>,
    now: Timestamp,
) -> StoreResult<Vec<OpenVersion>> {
    let rows = sqlx::query(
        "SELECT v.source_id, v.version, s.notebook_id, COALESCE(v.queued_by, s.created_by) AS person, v.format, v.size,
             COALESCE(v.queued_at, v.created_at) AS queued_at,
             v.owner IS NOT NULL AND v.lease_until > ?1 AS held, v.owner IS NOT NULL AND v.lease_until <= ?1 AS abandoned
         FROM source_versions v JOIN live_sources s ON s.id = v.source_id
         WHERE v.step NOT IN ('ready', 'failed')
         ORDER BY v.created_at LIMIT ?2",
    )
    .bind(now.as_millisecond())
    .bind(fair::LOOKAHEAD)
    .fetch_all(executor)
    .await?;
    rows.iter().map(open_version).collect()
}

async fn take(
    tx: &mut Transaction,
    segment: SegmentId,
    request: &ClaimRequest<'_>,
) -> StoreResult<Option<ClaimedVersion>> {
    // With an owner its worker died: at the same point as the one before, or further on.
    let row = sqlx::query(
        "UPDATE source_versions SET
             crashes = CASE WHEN owner IS NULL THEN crashes WHEN crash_state IS state_json THEN crashes + 1 ELSE 1 END,
             crash_state = CASE WHEN owner IS NULL THEN crash_state ELSE state_json END,
             owner = ?1, lease_until = ?3, attempts = attempts + 1, updated_at = ?2
         WHERE source_id = ?4 AND version = ?5
         RETURNING *",
    )
    .bind(request.owner.to_string())
    .bind(request.now.as_millisecond())
    .bind(request.lease_until.as_millisecond())
    .bind(segment.source_id.to_string())
    .bind(segment.version)
    .fetch_optional(&mut **tx)
    .await?;
    let (Some(row), Some(source)) = (row, live_source(tx, segment.source_id).await?) else {
        return Ok(None);
    };
    let (version, attempt, crashes) = (version(&row)?, row.number("attempts")?, row.number("crashes")?);
    Ok(Some(ClaimedVersion { source, version, owner: request.owner, attempt, crashes }))
}

/// A transaction in which the claim holds; `None` when it is lost.
pub async fn begin_holding(db: &Database, claim: &ClaimedVersion) -> StoreResult<Option<Transaction>> {
    let mut tx = db.begin().await?;
    let held = sqlx::query(
        "SELECT 1 FROM source_versions v JOIN live_sources s ON s.id = v.source_id
         WHERE v.source_id = ? AND v.version = ? AND v.owner = ? AND v.attempts = ?",
    )
    .bind(claim.source.id.to_string())
    .bind(claim.version.version)
    .bind(claim.owner.to_string())
    .bind(claim.attempt)
    .fetch_optional(&mut *tx)
    .await?;
    Ok(held.map(|_| tx))
}

/// Gives the claim up and leaves the version in `state`.
async fn end(tx: &mut Transaction, claim: &ClaimedVersion, state: &IngestState, now: Timestamp) -> StoreResult<()> {
    sqlx::query(
        "UPDATE source_versions SET state_json = ?, updated_at = ?, owner = NULL, lease_until = NULL
         WHERE source_id = ? AND version = ?",
    )
    .bind(json(state)?)
    .bind(now.as_millisecond())
    .bind(claim.source.id.to_string())
    .bind(claim.version.version)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
