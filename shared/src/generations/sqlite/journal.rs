//! The generation log on disk.

use jiff::Timestamp;
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteRow;

use crate::generations::{EventId, LoggedEvent};
use crate::ids::GenerationId;
use crate::storage::StoreResult;
use crate::storage::sqlite::{Columns as _, Database, integer, json};

/// An event on its way to the disk.
#[derive(Debug)]
pub struct Entry {
    pub generation: GenerationId,
    pub logged: LoggedEvent,
}

/// Stores all entries, or none.
pub async fn write(db: &Database, entries: &[Entry], now: Timestamp) -> StoreResult<()> {
    let mut tx = db.begin().await?;
    for Entry { generation, logged } in entries {
        sqlx::query("INSERT INTO events (generation_id, event_id, event_json, logged_at) VALUES (?, ?, ?, ?)")
            .bind(generation.to_string())
            .bind(integer(logged.event_id))
            .bind(json(&logged.event)?)
            .bind(now.as_millisecond())
            .execute(&mut *tx)
            .await?;
    }
    Ok(tx.commit().await?)
}

/// The events after `after`, in order.
pub async fn read(pool: &SqlitePool, id: GenerationId, after: EventId) -> StoreResult<Vec<LoggedEvent>> {
    let rows = sqlx::query(
        "SELECT event_id, event_json FROM events WHERE generation_id = ? AND event_id > ? ORDER BY event_id",
    )
    .bind(id.to_string())
    .bind(integer(after))
    .fetch_all(pool)
    .await?;
    rows.iter().map(logged).collect()
}

pub async fn last(pool: &SqlitePool, id: GenerationId) -> StoreResult<Option<LoggedEvent>> {
    let row =
        sqlx::query("SELECT event_id, event_json FROM events WHERE generation_id = ? ORDER BY event_id DESC LIMIT 1")
            .bind(id.to_string())
            .fetch_optional(pool)
            .await?;
    row.as_ref().map(logged).transpose()
}

/// The logs that began before `before`: only among them can be some that have rested since.
pub async fn begun_before(pool: &SqlitePool, before: Timestamp) -> StoreResult<Vec<GenerationId>> {
    let rows = sqlx::query("SELECT generation_id FROM events WHERE event_id = 1 AND logged_at < ?")
        .bind(before.as_millisecond())
        .fetch_all(pool)
        .await?;
    rows.iter().map(|row| row.parsed("generation_id")).collect()
}

/// Removes a log whose last event is older than `before`; returns whether it did.
pub async fn remove(db: &Database, id: GenerationId, before: Timestamp) -> StoreResult<bool> {
    let done = sqlx::query(
        "DELETE FROM events WHERE generation_id = ?1
         AND ?2 > (SELECT logged_at FROM events WHERE generation_id = ?1 ORDER BY event_id DESC LIMIT 1)",
    )
    .bind(id.to_string())
    .bind(before.as_millisecond())
    .execute(&db.write)
    .await?;
    Ok(done.rows_affected() > 0)
}

fn logged(row: &SqliteRow) -> StoreResult<LoggedEvent> {
    Ok(LoggedEvent { event_id: row.number("event_id")?, event: row.json("event_json")? })
}
