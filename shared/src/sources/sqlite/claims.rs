//! The work queue that the states of source versions form.

use jiff::Timestamp;
use sqlx::{Sqlite, Transaction};

use super::live_source;
use super::rows::version;
use crate::ids::OwnerId;
use crate::sources::{ClaimedVersion, Format, IngestFailure, IngestState, Waiting};
use crate::storage::StoreResult;
use crate::storage::sqlite::{Columns as _, Database, integer, json, word};

pub async fn claim(
    db: &Database,
    owner: OwnerId,
    now: Timestamp,
    lease_until: Timestamp,
) -> StoreResult<Option<ClaimedVersion>> {
    let mut tx = db.begin().await?;
    let row = sqlx::query(
        "UPDATE source_versions SET owner = ?1, lease_until = ?3, attempts = attempts + 1, updated_at = ?2
         WHERE (source_id, version) = (
             SELECT v.source_id, v.version FROM source_versions v JOIN live_sources s ON s.id = v.source_id
             WHERE v.step NOT IN ('ready', 'failed') AND (v.owner IS NULL OR v.lease_until <= ?2)
             ORDER BY v.created_at, v.source_id LIMIT 1)
         RETURNING *",
    )
    .bind(owner.to_string())
    .bind(now.as_millisecond())
    .bind(lease_until.as_millisecond())
    .fetch_optional(&mut *tx)
    .await?;
    let claimed = match row {
        Some(row) => live_source(&mut tx, row.parsed("source_id")?).await?.map(|source| (source, row)),
        None => None,
    };
    tx.commit().await?;
    claimed
        .map(|(source, row)| {
            Ok(ClaimedVersion { source, version: version(&row)?, owner, attempt: row.number("attempts")? })
        })
        .transpose()
}

pub async fn waiting(db: &Database, now: Timestamp) -> StoreResult<Waiting> {
    let row = sqlx::query(
        "SELECT count(*) AS count, min(v.created_at) AS since
         FROM source_versions v JOIN live_sources s ON s.id = v.source_id
         WHERE v.step NOT IN ('ready', 'failed') AND (v.owner IS NULL OR v.lease_until <= ?)",
    )
    .bind(now.as_millisecond())
    .fetch_one(&db.read)
    .await?;
    Ok(Waiting { count: row.number("count")?, since: row.opt_time("since")? })
}

/// A transaction in which the claim holds; `None` when it is lost.
pub async fn begin_holding(db: &Database, claim: &ClaimedVersion) -> StoreResult<Option<Transaction<'static, Sqlite>>> {
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

pub async fn progress(
    db: &Database,
    claim: &ClaimedVersion,
    state: &IngestState,
    now: Timestamp,
    lease_until: Timestamp,
) -> StoreResult<bool> {
    let Some(mut tx) = begin_holding(db, claim).await? else {
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

pub async fn fetched(
    db: &Database,
    claim: &ClaimedVersion,
    name: &str,
    format: Format,
    size: u64,
) -> StoreResult<bool> {
    let Some(mut tx) = begin_holding(db, claim).await? else {
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

pub async fn ready(
    db: &Database,
    claim: &ClaimedVersion,
    page_count: Option<u32>,
    chunk_count: u32,
    now: Timestamp,
) -> StoreResult<bool> {
    let Some(mut tx) = begin_holding(db, claim).await? else {
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

pub async fn failed(
    db: &Database,
    claim: &ClaimedVersion,
    failure: &IngestFailure,
    now: Timestamp,
) -> StoreResult<bool> {
    let Some(mut tx) = begin_holding(db, claim).await? else {
        return Ok(false);
    };
    end(&mut tx, claim, &IngestState::Failed(failure.clone()), now).await?;
    tx.commit().await?;
    Ok(true)
}

pub async fn release(db: &Database, claim: &ClaimedVersion, now: Timestamp) -> StoreResult<bool> {
    let Some(mut tx) = begin_holding(db, claim).await? else {
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

/// Gives the claim up and leaves the version in `state`.
async fn end(
    tx: &mut Transaction<'_, Sqlite>,
    claim: &ClaimedVersion,
    state: &IngestState,
    now: Timestamp,
) -> StoreResult<()> {
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

pub async fn end_leases(db: &Database, now: Timestamp) -> StoreResult<()> {
    sqlx::query("UPDATE source_versions SET lease_until = ?1 WHERE owner IS NOT NULL AND lease_until > ?1")
        .bind(now.as_millisecond())
        .execute(&db.write)
        .await?;
    Ok(())
}
