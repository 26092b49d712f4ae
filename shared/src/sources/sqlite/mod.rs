//! Sources in SQLite: [`rows`] maps them, [`claims`] hands out the work on them, [`segments`] stores what it makes.

mod claims;
mod rows;
mod segments;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{Sqlite, Transaction};

use self::rows::{source, version};
use super::{
    Chunk, ClaimedVersion, Format, IngestFailure, IngestState, Page, SegmentId, Source, SourceRepo, SourceVersion,
    Waiting,
};
use crate::ids::{NotebookId, OwnerId, SourceId};
use crate::storage::sqlite::{Columns as _, Database, conflict, integer, json, word};
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

    async fn notebook_of(&self, id: SourceId) -> StoreResult<Option<NotebookId>> {
        let row = sqlx::query("SELECT notebook_id FROM live_sources WHERE id = ?")
            .bind(id.to_string())
            .fetch_optional(&self.read)
            .await?;
        row.map(|row| row.parsed("notebook_id")).transpose()
    }

    async fn list(&self, notebook: NotebookId) -> StoreResult<Vec<Source>> {
        let rows = sqlx::query("SELECT * FROM live_sources WHERE notebook_id = ? ORDER BY added_at, id")
            .bind(notebook.to_string())
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

    async fn retry(&self, notebook: NotebookId, id: SourceId, now: Timestamp) -> StoreResult<Option<Source>> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE source_versions SET state_json = ?, attempts = 0, updated_at = ?
             WHERE step = 'failed'
               AND (source_id, version) = (SELECT id, version FROM live_sources WHERE notebook_id = ? AND id = ?)",
        )
        .bind(json(&IngestState::Queued)?)
        .bind(now.as_millisecond())
        .bind(notebook.to_string())
        .bind(id.to_string())
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(None);
        }
        let source = live_source(&mut tx, id).await?;
        tx.commit().await?;
        Ok(source)
    }

    async fn claim(
        &self,
        owner: OwnerId,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> StoreResult<Option<ClaimedVersion>> {
        claims::claim(self, owner, now, lease_until).await
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

    async fn page_at(&self, segment: SegmentId, offset: u64) -> StoreResult<Option<Page>> {
        segments::page_at(self, segment, offset).await
    }

    async fn chunks(&self, segment: SegmentId) -> StoreResult<Vec<Chunk>> {
        segments::chunks(self, segment).await
    }

    async fn mark_deleted(&self, notebook: NotebookId, id: SourceId, now: Timestamp) -> StoreResult<bool> {
        let done = sqlx::query(
            "UPDATE sources SET deleted_at = ?
             WHERE id = (SELECT id FROM live_sources WHERE notebook_id = ? AND id = ?)",
        )
        .bind(now.as_millisecond())
        .bind(notebook.to_string())
        .bind(id.to_string())
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected() == 1)
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

async fn live_source(tx: &mut Transaction<'_, Sqlite>, id: SourceId) -> StoreResult<Option<Source>> {
    let row =
        sqlx::query("SELECT * FROM live_sources WHERE id = ?").bind(id.to_string()).fetch_optional(&mut **tx).await?;
    row.as_ref().map(source).transpose()
}

async fn insert_version(tx: &mut Transaction<'_, Sqlite>, id: SourceId, version: &SourceVersion) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO source_versions (source_id, version, format, size, blob_key, state_json, page_count, chunk_count,
             created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
    .execute(&mut **tx)
    .await?;
    Ok(())
}
