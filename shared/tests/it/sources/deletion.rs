//! Sources that somebody deleted, alone or with their notebook.

use collabry_shared::sources::{ClaimedVersion, Retry, SegmentId, Source};
use collabry_shared::stores::Stores;

use super::{assert_every_write_is_refused, claim, claimed, page, reload};
use crate::backend::{Backend, contract};
use crate::fixtures::{at, chunk, queued_version};

contract!(
    a_deleted_source_is_gone_at_once,
    a_deleted_notebook_hides_its_sources,
    a_purge_removes_a_deleted_source_only,
);

/// A source with a ready version and a claimed next one, with text in both.
async fn full_source(stores: &Stores) -> (Source, ClaimedVersion) {
    let (source, held) = claimed(stores).await;
    stores.segments.put_pages(&held, &[page(1, 0, "text")]).await.unwrap();
    stores.segments.put_chunks(&held, &[chunk(0)]).await.unwrap();
    stores.ingest_queue.ready(&held, Some(1), 1, at(1)).await.unwrap();
    let next = queued_version(source.notebook_id, source.id, 2, at(2));
    stores.sources.add_version(source.id, "next", &next).await.unwrap().unwrap();
    let held = claim(stores, 3).await.unwrap();
    stores.segments.put_chunks(&held, &[chunk(0)]).await.unwrap();
    (reload(stores, &source).await, held)
}

async fn assert_is_gone(stores: &Stores, source: &Source, held: &ClaimedVersion) {
    let (sources, segments) = (&stores.sources, &stores.segments);
    assert_eq!(sources.get(source.notebook_id, source.id).await.unwrap(), None);
    assert_eq!(sources.notebook_of(source.id).await.unwrap(), None);
    assert!(sources.list(source.notebook_id).await.unwrap().is_empty());
    for version in [1, 2] {
        let segment = SegmentId { source_id: source.id, version };
        assert_eq!(sources.version(segment).await.unwrap(), None);
        assert_eq!(segments.page(segment, 1).await.unwrap(), None);
        assert!(segments.chunks(segment).await.unwrap().is_empty());
    }
    let next = queued_version(source.notebook_id, source.id, 3, at(9));
    assert_eq!(sources.add_version(source.id, "back", &next).await.unwrap(), None);
    assert_eq!(
        stores.ingest_queue.retry(source.notebook_id, source.id, source.created_by, at(9)).await.unwrap(),
        Retry::NotFailed
    );
    assert_eq!(claim(stores, 10_000).await, None);
    assert_every_write_is_refused(stores, held).await;
    assert!(!sources.mark_deleted(source.notebook_id, source.id, None, at(9)).await.unwrap());
}

async fn a_deleted_source_is_gone_at_once(Backend { stores, .. }: Backend) {
    let (source, held) = full_source(&stores).await;
    assert!(stores.sources.mark_deleted(source.notebook_id, source.id, None, at(5)).await.unwrap());
    assert_is_gone(&stores, &source, &held).await;
    assert!(stores.sources.deleted(at(4)).await.unwrap().is_empty(), "its retention has just begun");
    assert_eq!(stores.sources.deleted(at(5)).await.unwrap(), [(source.notebook_id, source.id)]);
}

async fn a_deleted_notebook_hides_its_sources(Backend { stores, .. }: Backend) {
    let (source, held) = full_source(&stores).await;
    stores.notebooks.mark_deleted(source.notebook_id, None, at(5)).await.unwrap();
    assert_is_gone(&stores, &source, &held).await;
}

async fn a_purge_removes_a_deleted_source_only(Backend { stores, .. }: Backend) {
    let (source, held) = full_source(&stores).await;
    stores.sources.purge(source.id).await.unwrap();
    assert_eq!(reload(&stores, &source).await, source, "nobody deleted it");
    assert_eq!(stores.segments.chunks(held.segment()).await.unwrap(), [chunk(0)]);

    stores.sources.mark_deleted(source.notebook_id, source.id, None, at(5)).await.unwrap();
    stores.sources.purge(source.id).await.unwrap();
    stores.sources.purge(source.id).await.unwrap();
    assert!(stores.sources.deleted(at(5)).await.unwrap().is_empty());
    // Its ids are free again, so nothing of it is left.
    let again = Source { latest: queued_version(source.notebook_id, source.id, 1, at(6)), ..source };
    stores.sources.create(&again).await.unwrap();
    assert!(stores.segments.chunks(SegmentId { source_id: again.id, version: 1 }).await.unwrap().is_empty());
}
