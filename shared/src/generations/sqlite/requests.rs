//! Requests for answers, within what people may have.

use jiff::Timestamp;

use crate::generations::allowance::day;
use crate::generations::{Allowance, Generation, Requested};
use crate::ids::GenerationId;
use crate::storage::sqlite::{Columns as _, Database, Transaction, opt_json, word};
use crate::storage::{StoreError, StoreResult};

/// Whose count is everybody's; no user has this id.
const ALL: &str = "all";

/// Stores a generation, once; [`StoreError::Missing`] when its conversation is gone.
pub async fn insert(tx: &mut Transaction, generation: &Generation, counted_on: Option<&str>) -> StoreResult<()> {
    let live: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM live_conversations WHERE id = ?)")
        .bind(generation.conversation_id.to_string())
        .fetch_one(&mut **tx)
        .await?;
    if !live {
        return Err(StoreError::Missing("the conversation"));
    }
    sqlx::query(
        "INSERT INTO generations (id, notebook_id, conversation_id, question_id, answer_id, model, source_ids_json,
             supersedes, requested_by, state, failure_json, created_at, finished_at, trace, counted_on)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(generation.id.to_string())
    .bind(generation.notebook_id.to_string())
    .bind(generation.conversation_id.to_string())
    .bind(generation.question_id.to_string())
    .bind(generation.answer_id.to_string())
    .bind(generation.model.to_string())
    .bind(opt_json(generation.source_ids.as_ref())?)
    .bind(generation.supersedes.map(|id| id.to_string()))
    .bind(generation.requested_by.to_string())
    .bind(word(&generation.state)?)
    .bind(opt_json(generation.failure.as_ref())?)
    .bind(generation.created_at.as_millisecond())
    .bind(generation.finished_at.map(Timestamp::as_millisecond))
    .bind(generation.trace.map(|trace| trace.to_string()))
    .bind(counted_on)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The transaction holds the write lock, so nobody counts at the same time.
pub async fn request(db: &Database, generation: &Generation, allowance: &Allowance) -> StoreResult<Requested> {
    let mut tx = db.begin().await?;
    let stored: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM generations WHERE id = ?)")
        .bind(generation.id.to_string())
        .fetch_one(&mut *tx)
        .await?;
    if stored {
        return Ok(Requested::Queued);
    }
    let asker = generation.requested_by.to_string();
    let unfinished: u32 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM generations WHERE requested_by = ? AND state IN ('queued', 'running')",
    )
    .bind(&asker)
    .fetch_one(&mut *tx)
    .await?;
    if is_full(allowance.unfinished, unfinished) {
        return Ok(Requested::TooManyUnfinished);
    }
    let today = day(generation.created_at);
    if is_full(allowance.daily, count(&mut tx, &asker, &today).await?) {
        return Ok(Requested::Spent);
    }
    if is_full(allowance.daily_of_all, count(&mut tx, ALL, &today).await?) {
        return Ok(Requested::SpentByAll);
    }
    insert(&mut tx, generation, Some(&today)).await?;
    tx.commit().await?;
    Ok(Requested::Queued)
}

pub async fn withdraw(db: &Database, id: GenerationId) -> StoreResult<()> {
    let mut tx = db.begin().await?;
    let queued: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM generations WHERE id = ? AND state = 'queued')")
            .bind(id.to_string())
            .fetch_one(&mut *tx)
            .await?;
    if queued {
        uncount(&mut tx, id).await?;
        sqlx::query("DELETE FROM generations WHERE id = ?").bind(id.to_string()).execute(&mut *tx).await?;
        tx.commit().await?;
    }
    Ok(())
}

pub async fn give_back(db: &Database, id: GenerationId) -> StoreResult<()> {
    let mut tx = db.begin().await?;
    uncount(&mut tx, id).await?;
    tx.commit().await?;
    Ok(())
}

fn is_full(limit: u32, used: u32) -> bool {
    limit > 0 && used >= limit
}

/// Counts one more of the day; returns how many there were before.
async fn count(tx: &mut Transaction, subject: &str, today: &str) -> StoreResult<u32> {
    let used: u32 = sqlx::query_scalar(
        "INSERT INTO answer_counts (subject, day, used) VALUES (?1, ?2, 1)
         ON CONFLICT (subject) DO UPDATE
             SET used = CASE WHEN day = excluded.day THEN used + 1 ELSE 1 END, day = excluded.day
         RETURNING used",
    )
    .bind(subject)
    .bind(today)
    .fetch_one(&mut **tx)
    .await?;
    Ok(used - 1)
}

/// Dropping a transaction that counted and refused gives back by itself; this is for later.
async fn uncount(tx: &mut Transaction, id: GenerationId) -> StoreResult<()> {
    let row = sqlx::query("SELECT requested_by, counted_on FROM generations WHERE id = ? AND counted_on IS NOT NULL")
        .bind(id.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    let Some(row) = row else { return Ok(()) };
    sqlx::query("UPDATE answer_counts SET used = used - 1 WHERE subject IN (?, ?) AND day = ? AND used > 0")
        .bind(row.text("requested_by")?)
        .bind(ALL)
        .bind(row.text("counted_on")?)
        .execute(&mut **tx)
        .await?;
    sqlx::query("UPDATE generations SET counted_on = NULL WHERE id = ?")
        .bind(id.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}
