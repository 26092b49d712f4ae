//! Sources in SQLite: [`rows`] maps them, [`queue`] hands out the work on them, [`segments`] stores what it
//! produces.

mod queue;
mod rows;
mod segments;

use std::collections::HashSet;

use async_trait::async_trait;
use jiff::Timestamp;

use self::rows::{insert_version, source, version};
use super::{Owned, SegmentId, Source, SourceRepo, SourceState, SourceVersion};
use crate::ids::{NotebookId, SourceId, UserId};
use crate::pages::Window;
use crate::storage::sqlite::{Columns as _, Database, Transaction, conflict, json};
use crate::storage::{StoreError, StoreResult};

/// Rows that a purge removes in one step; other writers get their turn between steps.
const PURGE_STEP: u32 = 1000;

#[async_trait]
impl SourceRepo for Database {
    async fn create(&self, source: &Source) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "INSERT INTO sources (id, notebook_id, name, origin_json, created_by, created_at, latest_version)
             SELECT ?, id, ?, ?, ?, ?, ? FROM live_notebooks WHERE id = ?",
        )
        .bind(source.id.to_string())
        .bind(&source.name)
        .bind(json(&source.origin)?)
        .bind(source.created_by.to_string())
        .bind(source.created_at.as_millisecond())
        .bind(source.latest.version)
        .bind(source.notebook_id.to_string())
        .execute(&mut *tx)
        .await
        .map_err(conflict("the source"))?;
        if done.rows_affected() == 0 {
            return Err(StoreError::Missing("the notebook"));
        }
        insert_version(&mut tx, source.id, &source.latest).await?;
        Ok(tx.commit().await?)
    }

    async fn add_version(&self, id: SourceId, name: &str, version: &SourceVersion) -> StoreResult<Option<Source>> {
        let mut tx = self.begin().await?;
        let Some(stored) = live_source(&mut tx, id).await? else {
            return Ok(None);
        };
        if version.version != stored.latest.version + 1 {
            return Err(StoreError::Conflict("this version of the source"));
        }
        sqlx::query("UPDATE sources SET name = ?, latest_version = ? WHERE id = ?")
            .bind(name)
            .bind(version.version)
            .bind(id.to_string())
            .execute(&mut *tx)
            .await?;
        insert_version(&mut tx, id, version).await?;
        let changed = live_source(&mut tx, id).await?;
        tx.commit().await?;
        Ok(changed)
    }

    async fn get(&self, notebook: NotebookId, id: SourceId) -> StoreResult<Option<Source>> {
        let row = sqlx::query("SELECT * FROM live_sources WHERE notebook_id = ? AND id = ?")
            .bind(notebook.to_string())
            .bind(id.to_string())
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(source).transpose()
    }

    async fn rename(
        &self,
        notebook: NotebookId,
        id: SourceId,
        seen: Option<&SourceState>,
        name: &str,
    ) -> StoreResult<Option<Source>> {
        let mut tx = self.begin().await?;
        let Some(stored) = unchanged(&mut tx, notebook, id, seen).await? else {
            return Ok(None);
        };
        sqlx::query("UPDATE sources SET name = ? WHERE id = ?")
            .bind(name)
            .bind(id.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Some(Source { name: name.to_owned(), ..stored }))
    }

    async fn notebook_of(&self, id: SourceId) -> StoreResult<Option<NotebookId>> {
        let row = sqlx::query("SELECT notebook_id FROM live_sources WHERE id = ?")
            .bind(id.to_string())
            .fetch_optional(&self.read)
            .await?;
        row.map(|row| row.parsed("notebook_id")).transpose()
    }

    async fn list_page(&self, notebook: NotebookId, window: &Window) -> StoreResult<Vec<Source>> {
        let (after, id) = window.oldest_first();
        let rows = sqlx::query(
            "SELECT * FROM live_sources WHERE notebook_id = ? AND (added_at, id) > (?, ?) ORDER BY added_at, id LIMIT ?",
        )
        .bind(notebook.to_string())
        .bind(after)
        .bind(id)
        .bind(window.limit)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(source).collect()
    }

    async fn version(&self, segment: SegmentId) -> StoreResult<Option<SourceVersion>> {
        let row = sqlx::query(
            "SELECT v.* FROM source_versions v JOIN live_sources s ON s.id = v.source_id
             WHERE v.source_id = ? AND v.version = ?",
        )
        .bind(segment.source_id.to_string())
        .bind(segment.version)
        .fetch_optional(&self.read)
        .await?;
        row.as_ref().map(version).transpose()
    }

    async fn owned_by(&self, person: UserId) -> StoreResult<Owned> {
        let row = sqlx::query(
            "SELECT (SELECT count(*) FROM live_sources WHERE created_by = ?1) AS sources,
                 (SELECT COALESCE(sum(v.size), 0) FROM source_versions v JOIN live_sources s ON s.id = v.source_id
                  WHERE v.queued_by = ?1 OR (v.queued_by IS NULL AND s.created_by = ?1)) AS bytes,
                 (SELECT COALESCE(sum(v.size), 0) FROM source_versions v JOIN sources s ON s.id = v.source_id
                  WHERE v.queued_by = ?1 OR (v.queued_by IS NULL AND s.created_by = ?1)) AS bytes_kept",
        )
        .bind(person.to_string())
        .fetch_one(&self.read)
        .await?;
        Ok(Owned {
            sources: row.number("sources")?,
            bytes: row.number("bytes")?,
            bytes_kept: row.number("bytes_kept")?,
        })
    }

    async fn passages_since(&self, person: UserId, since: Timestamp) -> StoreResult<u64> {
        let row = sqlx::query(
            "SELECT COALESCE(sum(v.chunk_count), 0) AS passages FROM source_versions v
             JOIN sources s ON s.id = v.source_id
             WHERE v.step = 'ready' AND v.updated_at >= ?2
               AND (v.queued_by = ?1 OR (v.queued_by IS NULL AND s.created_by = ?1))",
        )
        .bind(person.to_string())
        .bind(since.as_millisecond())
        .fetch_one(&self.read)
        .await?;
        row.number("passages")
    }

    async fn mark_deleted(
        &self,
        notebook: NotebookId,
        id: SourceId,
        seen: Option<&SourceState>,
        now: Timestamp,
    ) -> StoreResult<bool> {
        let mut tx = self.begin().await?;
        if unchanged(&mut tx, notebook, id, seen).await?.is_none() {
            return Ok(false);
        }
        sqlx::query("UPDATE sources SET deleted_at = ? WHERE id = ?")
            .bind(now.as_millisecond())
            .bind(id.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn deleted_in(&self, notebook: NotebookId, window: &Window) -> StoreResult<Vec<(Source, Timestamp)>> {
        let (before, id) = window.newest_first();
        let rows = sqlx::query(
            "SELECT * FROM deleted_sources WHERE notebook_id = ? AND (deleted_at, id) < (?, ?)
             ORDER BY deleted_at DESC, id DESC LIMIT ?",
        )
        .bind(notebook.to_string())
        .bind(before)
        .bind(id)
        .bind(window.limit)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(|row| Ok((source(row)?, row.time("deleted_at")?))).collect()
    }

    async fn deleted_one(&self, id: SourceId) -> StoreResult<Option<Source>> {
        let row = sqlx::query("SELECT * FROM deleted_sources WHERE id = ?")
            .bind(id.to_string())
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(source).transpose()
    }

    async fn restore(&self, id: SourceId) -> StoreResult<Option<Source>> {
        let mut tx = self.begin().await?;
        let restore = sqlx::query(
            "UPDATE sources SET deleted_at = NULL WHERE id IN (SELECT id FROM deleted_sources WHERE id = ?)",
        );
        if restore.bind(id.to_string()).execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(None);
        }
        // A worker that had claimed it has given it up, or will find that its claim is lost.
        sqlx::query("UPDATE source_versions SET owner = NULL, lease_until = NULL WHERE source_id = ?")
            .bind(id.to_string())
            .execute(&mut *tx)
            .await?;
        let restored = live_source(&mut tx, id).await?;
        tx.commit().await?;
        Ok(restored)
    }

    async fn begin_purge(&self, id: SourceId) -> StoreResult<bool> {
        let begin = sqlx::query("UPDATE sources SET purging = 1 WHERE id = ? AND deleted_at IS NOT NULL");
        Ok(begin.bind(id.to_string()).execute(&self.write).await?.rows_affected() == 1)
    }

    async fn blob_keys(&self, ids: &[SourceId]) -> StoreResult<HashSet<String>> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let rows =
            sqlx::query("SELECT blob_key FROM source_versions WHERE source_id IN (SELECT value FROM json_each(?))")
                .bind(json(&ids)?)
                .fetch_all(&self.read)
                .await?;
        rows.iter().map(|row| row.text("blob_key")).collect()
    }

    async fn deleted(&self, upto: Timestamp) -> StoreResult<Vec<(NotebookId, SourceId)>> {
        let rows = sqlx::query("SELECT notebook_id, id FROM sources WHERE deleted_at <= ? ORDER BY deleted_at")
            .bind(upto.as_millisecond())
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(|row| Ok((row.parsed("notebook_id")?, row.parsed("id")?))).collect()
    }

    async fn purge(&self, id: SourceId) -> StoreResult<()> {
        let id = id.to_string();
        let live = sqlx::query("SELECT 1 FROM live_sources WHERE id = ?").bind(&id).fetch_optional(&self.read).await?;
        if live.is_some() {
            return Ok(());
        }
        // Run again after a crash, it goes on where it was: the source itself goes last.
        for step in [
            "DELETE FROM chunks WHERE rowid IN (SELECT rowid FROM chunks WHERE source_id = ? LIMIT ?)",
            "DELETE FROM pages WHERE rowid IN (SELECT rowid FROM pages WHERE source_id = ? LIMIT ?)",
        ] {
            loop {
                let done = sqlx::query(step).bind(&id).bind(PURGE_STEP).execute(&self.write).await?;
                if done.rows_affected() < u64::from(PURGE_STEP) {
                    break;
                }
            }
        }
        sqlx::query("DELETE FROM sources WHERE id = ?").bind(&id).execute(&self.write).await?;
        Ok(())
    }
}

/// Removes the sources of a deleted notebook.
pub(crate) async fn purge_all_in(db: &Database, notebook: &str) -> StoreResult<()> {
    let sources =
        sqlx::query("SELECT id FROM sources WHERE notebook_id = ?").bind(notebook).fetch_all(&db.read).await?;
    for row in &sources {
        SourceRepo::purge(db, row.parsed("id")?).await?;
    }
    Ok(())
}

/// The source of this notebook; [`StoreError::Changed`] when it is not as it was seen.
async fn unchanged(
    tx: &mut Transaction,
    notebook: NotebookId,
    id: SourceId,
    seen: Option<&SourceState>,
) -> StoreResult<Option<Source>> {
    let stored = live_source(tx, id).await?.filter(|source| source.notebook_id == notebook);
    match (&stored, seen) {
        (Some(stored), Some(seen)) if !seen.is_that_of(stored) => Err(StoreError::Changed("the source")),
        _ => Ok(stored),
    }
}

async fn live_source(tx: &mut Transaction, id: SourceId) -> StoreResult<Option<Source>> {
    let row =
        sqlx::query("SELECT * FROM live_sources WHERE id = ?").bind(id.to_string()).fetch_optional(&mut **tx).await?;
    row.as_ref().map(source).transpose()
}
