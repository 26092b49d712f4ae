//! Pages and chunks of source versions.

use futures::TryStreamExt as _;

use super::claims::begin_holding;
use super::rows;
use crate::ids::SourceId;
use crate::sources::{Chunk, ClaimedVersion, Page, SegmentId};
use crate::storage::StoreResult;
use crate::storage::sqlite::{Database, integer, json};

/// Rows that a purge removes in one step; other writers get their turn between steps.
const PURGE_STEP: u32 = 1000;

pub async fn put_pages(db: &Database, claim: &ClaimedVersion, pages: &[Page]) -> StoreResult<bool> {
    let Some(mut tx) = begin_holding(db, claim).await? else {
        return Ok(false);
    };
    let SegmentId { source_id, version } = claim.segment();
    let source_id = source_id.to_string();
    sqlx::query("DELETE FROM pages WHERE source_id = ? AND version = ?")
        .bind(&source_id)
        .bind(version)
        .execute(&mut *tx)
        .await?;
    for page in pages {
        sqlx::query("INSERT INTO pages (source_id, version, number, char_start, text) VALUES (?, ?, ?, ?, ?)")
            .bind(&source_id)
            .bind(version)
            .bind(page.number)
            .bind(integer(page.start))
            .bind(&page.text)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok(true)
}

pub async fn put_chunks(db: &Database, claim: &ClaimedVersion, chunks: &[Chunk]) -> StoreResult<bool> {
    let Some(mut tx) = begin_holding(db, claim).await? else {
        return Ok(false);
    };
    let SegmentId { source_id, version } = claim.segment();
    let source_id = source_id.to_string();
    for chunk in chunks {
        sqlx::query(
            "INSERT OR REPLACE INTO chunks
                 (source_id, version, number, char_start, char_end, page, headings_json, text, embedding)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&source_id)
        .bind(version)
        .bind(chunk.index)
        .bind(integer(chunk.start))
        .bind(integer(chunk.end))
        .bind(chunk.page)
        .bind(json(&chunk.headings)?)
        .bind(&chunk.text)
        .bind(rows::blob(&chunk.embedding))
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await?;
    Ok(true)
}

pub async fn clear(db: &Database, claim: &ClaimedVersion) -> StoreResult<bool> {
    let Some(mut tx) = begin_holding(db, claim).await? else {
        return Ok(false);
    };
    let SegmentId { source_id, version } = claim.segment();
    for statement in [
        "DELETE FROM chunks WHERE source_id = ? AND version = ?",
        "DELETE FROM pages WHERE source_id = ? AND version = ?",
    ] {
        sqlx::query(statement).bind(source_id.to_string()).bind(version).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    Ok(true)
}

pub async fn page(db: &Database, segment: SegmentId, number: u32) -> StoreResult<Option<Page>> {
    let row = sqlx::query(
        "SELECT p.* FROM pages p JOIN live_sources s ON s.id = p.source_id
         WHERE p.source_id = ? AND p.version = ? AND p.number = ?",
    )
    .bind(segment.source_id.to_string())
    .bind(segment.version)
    .bind(number)
    .fetch_optional(&db.read)
    .await?;
    row.as_ref().map(rows::page).transpose()
}

pub async fn chunks(db: &Database, segment: SegmentId) -> StoreResult<Vec<Chunk>> {
    sqlx::query(
        "SELECT * FROM chunks
         WHERE source_id = (SELECT id FROM live_sources WHERE id = ?) AND version = ? ORDER BY number",
    )
    .bind(segment.source_id.to_string())
    .bind(segment.version)
    .fetch(&db.read)
    .err_into()
    .and_then(async |row| rows::chunk(&row))
    .try_collect()
    .await
}

/// Goes on where it was when it runs again after a crash. Does nothing to a source that is not deleted.
pub async fn purge(db: &Database, id: SourceId) -> StoreResult<()> {
    let id = id.to_string();
    let live = sqlx::query("SELECT 1 FROM live_sources WHERE id = ?").bind(&id).fetch_optional(&db.read).await?;
    if live.is_some() {
        return Ok(());
    }
    for step in [
        "DELETE FROM chunks WHERE rowid IN (SELECT rowid FROM chunks WHERE source_id = ? LIMIT ?)",
        "DELETE FROM pages WHERE rowid IN (SELECT rowid FROM pages WHERE source_id = ? LIMIT ?)",
    ] {
        loop {
            let done = sqlx::query(step).bind(&id).bind(PURGE_STEP).execute(&db.write).await?;
            if done.rows_affected() < u64::from(PURGE_STEP) {
                break;
            }
        }
    }
    sqlx::query("DELETE FROM sources WHERE id = ?").bind(&id).execute(&db.write).await?;
    Ok(())
}
