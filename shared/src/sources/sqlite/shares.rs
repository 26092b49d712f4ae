//! What each person keeps and has had done.

use jiff::Timestamp;

use crate::ids::UserId;
use crate::sources::Owned;
use crate::storage::StoreResult;
use crate::storage::sqlite::{Columns as _, Database};

pub async fn owned_by(db: &Database, person: UserId) -> StoreResult<Owned> {
    let row = sqlx::query(
        "SELECT (SELECT count(*) FROM live_sources WHERE created_by = ?1) AS sources,
             (SELECT COALESCE(sum(v.size), 0) FROM source_versions v JOIN live_sources s ON s.id = v.source_id
              WHERE v.queued_by = ?1 OR (v.queued_by IS NULL AND s.created_by = ?1)) AS bytes,
             (SELECT COALESCE(sum(v.size), 0) FROM source_versions v JOIN sources s ON s.id = v.source_id
              WHERE v.queued_by = ?1 OR (v.queued_by IS NULL AND s.created_by = ?1)) AS bytes_kept",
    )
    .bind(person.to_string())
    .fetch_one(&db.read)
    .await?;
    Ok(Owned { sources: row.number("sources")?, bytes: row.number("bytes")?, bytes_kept: row.number("bytes_kept")? })
}

/// Also of sources that were deleted since: the work was done.
pub async fn passages_since(db: &Database, person: UserId, since: Timestamp) -> StoreResult<u64> {
    let row = sqlx::query(
        "SELECT COALESCE(sum(v.chunk_count), 0) AS passages FROM source_versions v
         JOIN sources s ON s.id = v.source_id
         WHERE v.step = 'ready' AND v.updated_at >= ?2
           AND (v.queued_by = ?1 OR (v.queued_by IS NULL AND s.created_by = ?1))",
    )
    .bind(person.to_string())
    .bind(since.as_millisecond())
    .fetch_one(&db.read)
    .await?;
    row.number("passages")
}
