//! Pages and chunks of source versions. Each is a document of its own, stored under the fence of the claim that made it;
//! readers see what the newest claim made, and never a mixture.

use async_trait::async_trait;
use mongodb::bson::{Document, doc};

use super::documents::{chunk, of_chunk, of_page, page as read_page, place, version_of};
use super::live::{live, one};
use super::queue::held;
use super::{CHUNKS, PAGES, SOURCES};
use crate::ids::SourceId;
use crate::sources::{Chunk, ClaimedVersion, Page, SegmentId, SegmentRepo};
use crate::storage::StoreResult;
use crate::storage::mongo::{Database, Fields as _, Query};

#[async_trait]
impl SegmentRepo for Database {
    async fn put_pages(&self, claim: &ClaimedVersion, pages: &[Page]) -> StoreResult<bool> {
        let Some(place) = held_place(self, claim).await? else {
            return Ok(false);
        };
        let documents: Vec<_> = pages.iter().map(|page| of_page(&place, page)).collect();
        replace(self, PAGES, place.clone(), &documents).await?;
        still_held(self, claim).await
    }

    async fn put_chunks(&self, claim: &ClaimedVersion, chunks: &[Chunk]) -> StoreResult<bool> {
        let Some(place) = held_place(self, claim).await? else {
            return Ok(false);
        };
        let documents: Vec<_> = chunks.iter().map(|chunk| of_chunk(&place, chunk)).collect();
        let numbers: Vec<_> = chunks.iter().map(|chunk| chunk.index).collect();
        let mut same = place.clone();
        same.insert("number", doc! { "$in": numbers });
        replace(self, CHUNKS, same, &documents).await?;
        still_held(self, claim).await
    }

    async fn clear_segment(&self, claim: &ClaimedVersion) -> StoreResult<bool> {
        let Some(place) = held_place(self, claim).await? else {
            return Ok(false);
        };
        let fence: i64 = place.number("fence")?;
        let mut earlier = place;
        // Not those of a later claim, should this one be lost by now.
        earlier.insert("fence", doc! { "$lte": fence });
        for collection in [CHUNKS, PAGES] {
            self.collection(collection).delete_all(earlier.clone()).await?;
        }
        still_held(self, claim).await
    }

    async fn page(&self, segment: SegmentId, number: u32) -> StoreResult<Option<Page>> {
        let Some(mut filter) = newest_place(self, segment).await? else {
            return Ok(None);
        };
        filter.insert("number", number);
        self.collection(PAGES).find_one(Query::new(filter)).await?.as_ref().map(read_page).transpose()
    }

    async fn chunks(&self, segment: SegmentId) -> StoreResult<Vec<Chunk>> {
        match newest_place(self, segment).await? {
            Some(filter) => self.collection(CHUNKS).find(Query::new(filter).sort(doc! { "number": 1 }), chunk).await,
            None => Ok(Vec::new()),
        }
    }
}

/// Only the holder of a claim writes under its fence, one thing after the other.
async fn replace(db: &Database, collection: &'static str, old: Document, new: &[Document]) -> StoreResult<()> {
    db.collection(collection).delete_all(old).await?;
    db.collection(collection).insert_missing(new).await
}

/// Everything of a source, whichever claim made it.
pub async fn remove_all(db: &Database, id: SourceId) -> StoreResult<()> {
    for collection in [CHUNKS, PAGES] {
        db.collection(collection).delete_all(doc! { "source": id.to_string() }).await?;
    }
    Ok(())
}

/// Where the claim's work lies; `None` when the claim is lost.
async fn held_place(db: &Database, claim: &ClaimedVersion) -> StoreResult<Option<Document>> {
    let found = one(db, held(claim)).await?;
    found.map(|source| fenced(&source, claim.segment())).transpose().map(Option::flatten)
}

/// Whether the claim outlived what was just written. If the source was purged meanwhile, it takes back what may have
/// come too late to be found by the purge.
async fn still_held(db: &Database, claim: &ClaimedVersion) -> StoreResult<bool> {
    if held_place(db, claim).await?.is_some() {
        return Ok(true);
    }
    if !db.collection(SOURCES).exists(doc! { "_id": claim.source.id.to_string() }).await? {
        remove_all(db, claim.source.id).await?;
    }
    Ok(false)
}

async fn newest_place(db: &Database, segment: SegmentId) -> StoreResult<Option<Document>> {
    match live(db, segment.source_id).await? {
        Some(source) => fenced(&source, segment),
        None => Ok(None),
    }
}

fn fenced(source: &Document, segment: SegmentId) -> StoreResult<Option<Document>> {
    version_of(source, segment.version)?.map(|version| Ok(place(segment, version.number("fence")?))).transpose()
}
