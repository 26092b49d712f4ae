//! Sources, the queue that their states form, and their pages and chunks.

mod claims;
mod deletion;
mod segments;
mod versions;

use collabry_shared::ids::OwnerId;
use collabry_shared::sources::{ClaimedVersion, Format, IngestFailure, IngestState, Page, Source};
use collabry_shared::stores::Stores;

use crate::fixtures::{at, chunk, owned_notebook, source};

async fn claim(stores: &Stores, now: i64) -> Option<ClaimedVersion> {
    stores.ingest_queue.claim(OwnerId::new(), at(now), at(now + 60)).await.unwrap()
}

/// A source of its own notebook, and the claim on its first version.
async fn claimed(stores: &Stores) -> (Source, ClaimedVersion) {
    let notebook = owned_notebook(stores).await;
    let source = source(stores, &notebook, at(0)).await;
    (source, claim(stores, 0).await.unwrap())
}

async fn reload(stores: &Stores, source: &Source) -> Source {
    stores.sources.get(source.notebook_id, source.id).await.unwrap().unwrap()
}

fn failure() -> IngestFailure {
    IngestFailure {
        at: "extract".to_owned(),
        code: "encrypted".to_owned(),
        message: "The file is locked with a password; remove it and upload again.".to_owned(),
    }
}

fn page(number: u32, start: u64, text: &str) -> Page {
    Page { number, start, text: text.to_owned() }
}

async fn assert_every_write_is_refused(stores: &Stores, lost: &ClaimedVersion) {
    let (queue, segments) = (&stores.ingest_queue, &stores.segments);
    assert!(!queue.progress(lost, &IngestState::Chunk, at(61), at(999)).await.unwrap());
    assert!(!queue.fetched(lost, "Stolen", Format::Html, 1).await.unwrap());
    assert!(!segments.put_pages(lost, &[]).await.unwrap());
    assert!(!segments.put_chunks(lost, &[chunk(0), chunk(1)]).await.unwrap());
    assert!(!segments.clear_segment(lost).await.unwrap());
    assert!(!queue.ready(lost, None, 0, at(61)).await.unwrap());
    assert!(!queue.failed(lost, &failure(), at(61)).await.unwrap());
    assert!(!queue.release(lost, at(61)).await.unwrap());
}
