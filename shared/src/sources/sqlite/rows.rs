//! Sources and what they are made of as rows.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::ids::SourceId;
use crate::sources::{Chunk, Format, OpenVersion, Page, SegmentId, Source, SourceVersion, Work};
use crate::storage::sqlite::{Columns as _, Transaction, integer, json, word};
use crate::storage::{StoreError, StoreResult};

/// A row of the view `live_sources`.
pub fn source(row: &SqliteRow) -> StoreResult<Source> {
    Ok(Source {
        id: row.parsed("id")?,
        notebook_id: row.parsed("notebook_id")?,
        name: row.text("name")?,
        origin: row.json("origin_json")?,
        created_by: row.parsed("created_by")?,
        created_at: row.time("added_at")?,
        latest: version(row)?,
        ready_version: row.opt_number("ready_version")?,
    })
}

pub fn version(row: &SqliteRow) -> StoreResult<SourceVersion> {
    Ok(SourceVersion {
        version: row.number("version")?,
        format: row.word("format")?,
        size: row.number("size")?,
        blob_key: row.text("blob_key")?,
        state: row.json("state_json")?,
        page_count: row.opt_number("page_count")?,
        chunk_count: row.opt_number("chunk_count")?,
        not_read: row.opt_json("not_read_json")?.unwrap_or_default(),
        ahead: None,
        queued_by: row.opt_parsed("queued_by")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

pub async fn insert_version(tx: &mut Transaction, id: SourceId, version: &SourceVersion) -> StoreResult<()> {
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

pub fn open_version(row: &SqliteRow) -> StoreResult<OpenVersion> {
    let (format, size): (Format, _) = (row.word("format")?, row.number("size")?);
    Ok(OpenVersion {
        segment: SegmentId { source_id: row.parsed("source_id")?, version: row.number("version")? },
        notebook_id: row.parsed("notebook_id")?,
        person: row.parsed("person")?,
        work: Work::of(format, size),
        size,
        queued_at: row.time("queued_at")?,
        held: row.try_get("held")?,
        abandoned: row.try_get("abandoned")?,
    })
}

pub fn page(row: &SqliteRow) -> StoreResult<Page> {
    Ok(Page { number: row.number("number")?, start: row.number("char_start")?, text: row.text("text")? })
}

pub fn chunk(row: &SqliteRow) -> StoreResult<Chunk> {
    Ok(Chunk {
        index: row.number("number")?,
        start: row.number("char_start")?,
        end: row.number("char_end")?,
        page: row.number("page")?,
        headings: row.json("headings_json")?,
        text: row.text("text")?,
        embedding: vector(row.try_get("embedding")?)?,
    })
}

/// The column form of an embedding: f32, little-endian.
pub fn blob(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn vector(blob: &[u8]) -> StoreResult<Vec<f32>> {
    let (values, rest) = blob.as_chunks();
    if !rest.is_empty() {
        return Err(StoreError::Damaged(format!("embedding: {} bytes", blob.len())));
    }
    Ok(values.iter().copied().map(f32::from_le_bytes).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_embedding_survives_bit_by_bit() {
        let values = [0.0, -0.0, 1.5, f32::MIN_POSITIVE, f32::MAX, -1.0 / 3.0];
        let back = vector(&blob(&values)).unwrap();
        assert_eq!(back.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), values.map(f32::to_bits));
    }

    #[test]
    fn half_a_number_is_damage() {
        assert!(matches!(vector(&[0, 0, 0, 0, 1]), Err(StoreError::Damaged(_))));
    }
}
