//! Sources and what they are made of as documents.

use mongodb::bson::{Bson, Document, doc};

use crate::sources::{Chunk, IngestState, Page, SegmentId, Source, SourceVersion};
use crate::storage::mongo::{Fields as _, binary, date, nested};
use crate::storage::{StoreError, StoreResult};

pub fn of_source(source: &Source) -> StoreResult<Document> {
    Ok(doc! {
        "_id": source.id.to_string(),
        "notebook": source.notebook_id.to_string(),
        "name": &source.name,
        "origin": nested(&source.origin)?,
        "createdBy": source.created_by.to_string(),
        "createdAt": date(source.created_at),
        "latest": source.latest.version,
        "versions": [of_version(&source.latest)?],
    })
}

/// `owner`, `leaseUntil` and `attempts` are the claim; a retry adds `retries` and `queuedAt`, a crash `crashes` and
/// `crashState`. `fence` counts claims and never goes back: what a claim makes is
/// stored under its number, so a claim that is lost can neither add to nor change what a later one makes.
pub fn of_version(version: &SourceVersion) -> StoreResult<Document> {
    Ok(doc! {
        "version": version.version,
        "format": nested(&version.format)?,
        "size": integer(version.size),
        "blobKey": &version.blob_key,
        "state": nested(&version.state)?,
        "open": is_open(&version.state),
        "pageCount": version.page_count,
        "chunkCount": version.chunk_count,
        "notRead": nested(&version.not_read)?,
        "queuedBy": version.queued_by.map(|person| person.to_string()),
        "createdAt": date(version.created_at),
        "updatedAt": date(version.updated_at),
        "owner": Bson::Null,
        "leaseUntil": Bson::Null,
        "attempts": 0,
        "fence": 0,
    })
}

/// Whether there is still work to do.
pub fn is_open(state: &IngestState) -> bool {
    !matches!(state, IngestState::Ready | IngestState::Failed(_))
}

pub fn source(document: &Document) -> StoreResult<Source> {
    let latest: u32 = document.number("latest")?;
    let latest = version_of(document, latest)?.ok_or_else(|| StoreError::Damaged("no latest version".to_owned()))?;
    let mut ready_version = None;
    for one in document.documents("versions")? {
        if matches!(one.nested("state")?, IngestState::Ready) {
            ready_version = ready_version.max(Some(one.number("version")?));
        }
    }
    Ok(Source {
        id: document.parsed("_id")?,
        notebook_id: document.parsed("notebook")?,
        name: document.text("name")?,
        origin: document.nested("origin")?,
        created_by: document.parsed("createdBy")?,
        created_at: document.time("createdAt")?,
        latest: version(latest)?,
        ready_version,
    })
}

/// A version within its source's document.
pub fn version_of(source: &Document, number: u32) -> StoreResult<Option<&Document>> {
    for version in source.documents("versions")? {
        if version.number::<u32>("version")? == number {
            return Ok(Some(version));
        }
    }
    Ok(None)
}

pub fn version(document: &Document) -> StoreResult<SourceVersion> {
    Ok(SourceVersion {
        version: document.number("version")?,
        format: document.nested("format")?,
        size: document.number("size")?,
        blob_key: document.text("blobKey")?,
        state: document.nested("state")?,
        page_count: document.opt_number("pageCount")?,
        chunk_count: document.opt_number("chunkCount")?,
        not_read: document.opt_nested("notRead")?.unwrap_or_default(),
        ahead: None,
        queued_by: document.opt_parsed("queuedBy")?,
        created_at: document.time("createdAt")?,
        updated_at: document.time("updatedAt")?,
    })
}

/// Whether the newest version that is ready lacks chunks; it waits for its ingestion then. `chunks` counts those of a
/// source, version and fence.
pub fn ingest_again_without_chunks(source: &mut Document, chunks: impl Fn(&str, i64, i64) -> u64) -> StoreResult<bool> {
    let id = source.text("_id")?;
    let mut newest: Option<(i64, i64, u64)> = None;
    for one in source.documents("versions")? {
        let number = one.number("version")?;
        if matches!(one.nested("state")?, IngestState::Ready) && newest.is_none_or(|(newest, ..)| newest < number) {
            newest = Some((number, one.number("fence")?, one.opt_number("chunkCount")?.unwrap_or_default()));
        }
    }
    let Some((number, fence, expected)) = newest else {
        return Ok(false);
    };
    if chunks(&id, number, fence) == expected {
        return Ok(false);
    }
    let versions = source.get_array_mut("versions").map_err(|error| StoreError::Damaged(error.to_string()))?;
    for version in versions.iter_mut().filter_map(Bson::as_document_mut) {
        if version.number::<i64>("version")? == number {
            let waiting = doc! { "state": nested(&IngestState::Queued)?, "open": true, "attempts": 0,
            "owner": Bson::Null, "leaseUntil": Bson::Null };
            version.extend(waiting);
        }
    }
    Ok(true)
}

/// Where a claim's pages and chunks lie.
pub fn place(segment: SegmentId, fence: i64) -> Document {
    doc! { "source": segment.source_id.to_string(), "version": segment.version, "fence": fence }
}

pub fn of_page(place: &Document, page: &Page) -> Document {
    let mut document = place.clone();
    document.extend(doc! { "number": page.number, "start": integer(page.start), "text": &page.text });
    document
}

pub fn page(document: &Document) -> StoreResult<Page> {
    Ok(Page { number: document.number("number")?, start: document.number("start")?, text: document.text("text")? })
}

pub fn of_chunk(place: &Document, chunk: &Chunk) -> Document {
    let mut document = place.clone();
    document.extend(doc! {
        "number": chunk.index,
        "start": integer(chunk.start),
        "end": integer(chunk.end),
        "page": chunk.page,
        "headings": &chunk.headings,
        "text": &chunk.text,
        // f32, little-endian: an array of doubles would take four times the room.
        "embedding": binary(chunk.embedding.iter().flat_map(|value| value.to_le_bytes()).collect()),
    });
    document
}

pub fn chunk(document: &Document) -> StoreResult<Chunk> {
    Ok(Chunk {
        index: document.number("number")?,
        start: document.number("start")?,
        end: document.number("end")?,
        page: document.number("page")?,
        headings: document.nested("headings")?,
        text: document.text("text")?,
        embedding: vector(document.bytes("embedding")?)?,
    })
}

fn vector(bytes: &[u8]) -> StoreResult<Vec<f32>> {
    let (values, rest) = bytes.as_chunks();
    if !rest.is_empty() {
        return Err(StoreError::Damaged(format!("embedding: {} bytes", bytes.len())));
    }
    Ok(values.iter().copied().map(f32::from_le_bytes).collect())
}

/// A count or offset as MongoDB's signed integer. What does not fit is larger than anything stored.
pub fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(number: i32, state: &IngestState, chunks: i32) -> Document {
        doc! { "version": number, "fence": i64::from(number) + 10, "state": nested(state).unwrap(),
        "open": is_open(state), "chunkCount": chunks, "attempts": 1 }
    }

    #[test]
    fn a_ready_version_without_its_chunks_is_ingested_again() {
        let source = || doc! { "_id": "s", "versions": [version(1, &IngestState::Ready, 9), version(2, &IngestState::Ready, 3)] };
        let mut whole = source();
        let chunks =
            |count: u64| move |_: &str, version: i64, fence: i64| if (version, fence) == (2, 12) { count } else { 0 };
        assert!(!ingest_again_without_chunks(&mut whole, chunks(3)).unwrap());
        assert_eq!(whole, source());
        let mut half = source();
        assert!(ingest_again_without_chunks(&mut half, chunks(2)).unwrap());
        let versions = half.documents("versions").unwrap();
        assert_eq!(versions[0], source().documents("versions").unwrap()[0]);
        assert!(versions[1].get_bool("open").unwrap());
        assert_eq!(versions[1].nested::<IngestState>("state").unwrap(), IngestState::Queued);
    }

    #[test]
    fn what_is_not_ready_waits_anyway() {
        let mut queued = doc! { "_id": "s", "versions": [version(1, &IngestState::Queued, 0)] };
        assert!(!ingest_again_without_chunks(&mut queued, |_, _, _| 0).unwrap());
    }
}
