//! Sources in SQLite: [`rows`] maps them, [`claims`] hands out the work on them, [`segments`] stores what it makes.

mod claims;
mod rows;
mod segments;
mod shares;

use std::collections::HashSet;

use async_trait::async_trait;
use jiff::Timestamp;

use self::rows::{source, version};
use super::retry::may_retry;
use super::{
    Chunk, ClaimedVersion, Format, IngestFailure, IngestState, NotRead, OpenVersion, Owned, Page, Retry, SegmentId,
    Source, SourceRepo, SourceState, SourceVersion, Waiting, Wanted,
};
use crate::ids::{NotebookId, SourceId, UserId};
use crate::pages::Window;
use crate::storage::sqlite::{Columns as _, Database, Transaction, conflict, integer, json, word};
use crate::storage::{StoreError, StoreResult};

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

    async fn claim_wanted(&self, wanted: &Wanted<'_>) -> StoreResult<Option<ClaimedVersion>> {
        claims::claim(self, wanted).await
    }

    async fn open_versions(&self, now: Timestamp) -> StoreResult<Vec<OpenVersion>> {
        claims::open_versions(&self.read, now).await
    }

    async fn waiting(&self, now: Timestamp) -> StoreResult<Waiting> {
        claims::waiting(self, now).await
    }

    async fn progress(
        &self,
        claim: &ClaimedVersion,
        state: &IngestState,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> StoreResult<bool> {
        claims::progress(self, claim, state, now, lease_until).await
    }

    async fn fetched(&self, claim: &ClaimedVersion, name: &str, format: Format, size: u64) -> StoreResult<bool> {
        claims::fetched(self, claim, name, format, size).await
    }

    async fn put_not_read(&self, claim: &ClaimedVersion, not_read: &[NotRead]) -> StoreResult<bool> {
        claims::put_not_read(self, claim, not_read).await
    }

    async fn put_pages(&self, claim: &ClaimedVersion, pages: &[Page]) -> StoreResult<bool> {
        segments::put_pages(self, claim, pages).await
    }

    async fn put_chunks(&self, claim: &ClaimedVersion, chunks: &[Chunk]) -> StoreResult<bool> {
        segments::put_chunks(self, claim, chunks).await
    }

    async fn clear_segment(&self, claim: &ClaimedVersion) -> StoreResult<bool> {
        segments::clear(self, claim).await
    }

    async fn ready(
        &self,
        claim: &ClaimedVersion,
        page_count: Option<u32>,
        chunk_count: u32,
        now: Timestamp,
    ) -> StoreResult<bool> {
        claims::ready(self, claim, page_count, chunk_count, now).await
    }

    async fn failed(&self, claim: &ClaimedVersion, failure: &IngestFailure, now: Timestamp) -> StoreResult<bool> {
        claims::failed(self, claim, failure, now).await
    }

    async fn release(&self, claim: &ClaimedVersion, now: Timestamp) -> StoreResult<bool> {
        claims::release(self, claim, now).await
    }

    async fn end_leases(&self, now: Timestamp) -> StoreResult<()> {
        claims::end_leases(self, now).await
    }

    async fn page(&self, segment: SegmentId, number: u32) -> StoreResult<Option<Page>> {
        segments::page(self, segment, number).await
    }

    async fn chunks(&self, segment: SegmentId) -> StoreResult<Vec<Chunk>> {
        segments::chunks(self, segment).await
    }

    async fn owned_by(&self, person: UserId) -> StoreResult<Owned> {
        shares::owned_by(self, person).await
    }

    async fn passages_since(&self, person: UserId, since: Timestamp) -> StoreResult<u64> {
        shares::passages_since(self, person, since).await
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
        // Whoever had begun with it has given it up, or will find that it is no longer theirs.
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
        segments::purge(self, id).await
    }
}

/// Removes the sources of a deleted notebook.
pub(crate) async fn purge_all_in(db: &Database, notebook: &str) -> StoreResult<()> {
    let sources =
        sqlx::query("SELECT id FROM sources WHERE notebook_id = ?").bind(notebook).fetch_all(&db.read).await?;
    for row in &sources {
        segments::purge(db, row.parsed("id")?).await?;
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

async fn insert_version(tx: &mut Transaction, id: SourceId, version: &SourceVersion) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO source_versions (source_id, version, format, size, blob_key, state_json, page_count, chunk_count,
             created_at, updated_at, not_read_json, queued_by)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id.to_string())
    .bind(version.version)
    .bind(word(&version.format)?)
    .bind(integer(version.size))
    .bind(&version.blob_key)
    .bind(json(&version.state)?)
    .bind(version.page_count)
    .bind(version.chunk_count)
    .bind(version.created_at.as_millisecond())
    .bind(version.updated_at.as_millisecond())
    .bind(json(&version.not_read)?)
    .bind(version.queued_by.map(|person| person.to_string()))
    .execute(&mut **tx)
    .await?;
    Ok(())
}
