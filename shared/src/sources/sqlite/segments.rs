//! Pages and chunks of source versions.

use async_trait::async_trait;
use futures::TryStreamExt as _;

use super::queue::begin_holding;
use super::rows;
use crate::sources::{Chunk, ClaimedVersion, Page, SegmentId, SegmentRepo};
use crate::storage::StoreResult;
use crate::storage::sqlite::{Database, integer, json};

#[async_trait]
impl SegmentRepo for Database {
    async fn put_pages(&self, claim: &ClaimedVersion, pages: &[Page]) -> StoreResult<bool> {
        let Some(mut tx) = begin_holding(self, claim).await? else {
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

    async fn put_chunks(&self, claim: &ClaimedVersion, chunks: &[Chunk]) -> StoreResult<bool> {
        let Some(mut tx) = begin_holding(self, claim).await? else {
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

    async fn clear_segment(&self, claim: &ClaimedVersion) -> StoreResult<bool> {
        let Some(mut tx) = begin_holding(self, claim).await? else {
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

    async fn page(&self, segment: SegmentId, number: u32) -> StoreResult<Option<Page>> {
        let row = sqlx::query(
            "SELECT p.* FROM pages p JOIN live_sources s ON s.id = p.source_id
             WHERE p.source_id = ? AND p.version = ? AND p.number = ?",
        )
        .bind(segment.source_id.to_string())
        .bind(segment.version)
        .bind(number)
        .fetch_optional(&self.read)
        .await?;
        row.as_ref().map(rows::page).transpose()
    }

    async fn chunks(&self, segment: SegmentId) -> StoreResult<Vec<Chunk>> {
        sqlx::query(
            "SELECT * FROM chunks
             WHERE source_id = (SELECT id FROM live_sources WHERE id = ?) AND version = ? ORDER BY number",
        )
        .bind(segment.source_id.to_string())
        .bind(segment.version)
        .fetch(&self.read)
        .err_into()
        .and_then(async |row| rows::chunk(&row))
        .try_collect()
        .await
    }
}
