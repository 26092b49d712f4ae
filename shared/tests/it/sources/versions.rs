//! What is stored of a source, version after version.

use collabry_shared::ids::{NotebookId, SourceId};
use collabry_shared::sources::{Format, IngestState, Origin, Retry, SegmentId, Source, SourceVersion, ready_segments};
use collabry_shared::storage::StoreError;

use super::{claim, claimed, failure, reload};
use crate::backend::{Backend, contract};
use crate::fixtures::{at, owned_notebook, queued_version, source};

contract!(
    a_source_is_stored_and_listed,
    a_source_of_another_notebook_is_not_found,
    versions_are_added_in_order,
    a_ready_version_stays_searchable_while_the_next_is_ingested,
    a_fetched_page_gets_its_name_and_format,
    a_source_is_renamed,
);

async fn a_source_is_renamed(Backend { stores, .. }: Backend) {
    let notebook = owned_notebook(&stores).await;
    let other = owned_notebook(&stores).await;
    let source = source(&stores, &notebook, at(1)).await;
    let renamed = stores.sources.rename(notebook.id, source.id, None, "New").await.unwrap();
    assert_eq!(renamed, Some(Source { name: "New".to_owned(), ..source.clone() }));
    assert_eq!(stores.sources.get(notebook.id, source.id).await.unwrap(), renamed);
    assert_eq!(stores.sources.rename(other.id, source.id, None, "Stolen").await.unwrap(), None);
    assert_eq!(stores.sources.rename(notebook.id, SourceId::new(), None, "None").await.unwrap(), None);
}

async fn a_source_is_stored_and_listed(Backend { stores, .. }: Backend) {
    let notebook = owned_notebook(&stores).await;
    let late = source(&stores, &notebook, at(2)).await;
    let id = SourceId::new();
    let early = Source {
        id,
        notebook_id: notebook.id,
        name: "Entropy".to_owned(),
        origin: Origin::Url { url: "https://example.org/entropy?a=1".parse().unwrap() },
        created_by: notebook.created_by,
        created_at: at(1),
        latest: SourceVersion {
            format: Format::Web,
            size: 0,
            state: IngestState::Failed(failure()),
            page_count: Some(3),
            chunk_count: Some(4),
            ..queued_version(notebook.id, id, 1, at(1))
        },
        ready_version: None,
    };
    stores.sources.create(&early).await.unwrap();
    assert_eq!(stores.sources.list(notebook.id).await.unwrap(), [early.clone(), late]);
    assert_eq!(stores.sources.get(notebook.id, id).await.unwrap(), Some(early.clone()));
    assert_eq!(stores.sources.notebook_of(id).await.unwrap(), Some(notebook.id));
    let segment = SegmentId { source_id: id, version: 1 };
    assert_eq!(stores.sources.version(segment).await.unwrap(), Some(early.latest.clone()));
    assert!(matches!(stores.sources.create(&early).await, Err(StoreError::Conflict(_))));
    let orphan = Source { id: SourceId::new(), notebook_id: NotebookId::new(), ..early };
    assert!(matches!(stores.sources.create(&orphan).await, Err(StoreError::Missing(_))));
}

async fn a_source_of_another_notebook_is_not_found(Backend { stores, .. }: Backend) {
    let (mine, theirs) = (owned_notebook(&stores).await, owned_notebook(&stores).await);
    let source = source(&stores, &theirs, at(0)).await;
    assert_eq!(stores.sources.get(mine.id, source.id).await.unwrap(), None);
    assert_eq!(stores.ingest_queue.retry(mine.id, source.id, mine.created_by, at(1)).await.unwrap(), Retry::NotFailed);
    assert!(!stores.sources.mark_deleted(mine.id, source.id, None, at(1)).await.unwrap());
    assert!(stores.sources.list(mine.id).await.unwrap().is_empty());
    assert_eq!(stores.sources.notebook_of(SourceId::new()).await.unwrap(), None);
}

async fn versions_are_added_in_order(Backend { stores, .. }: Backend) {
    let (source, _) = claimed(&stores).await;
    let version = |number| queued_version(source.notebook_id, source.id, number, at(1));
    for taken_or_too_high in [1, 3] {
        let added = stores.sources.add_version(source.id, "x", &version(taken_or_too_high)).await;
        assert!(matches!(added, Err(StoreError::Conflict(_))));
    }
    let racers = (0..8).map(|_| {
        let (sources, id, version) = (stores.sources.clone(), source.id, version(2));
        tokio::spawn(async move { sources.add_version(id, "x", &version).await.is_ok() })
    });
    let added = futures::future::try_join_all(racers).await.unwrap();
    assert_eq!(added.iter().filter(|added| **added).count(), 1);
    assert_eq!(reload(&stores, &source).await.latest.version, 2);
    assert_eq!(stores.sources.add_version(SourceId::new(), "x", &version(1)).await.unwrap(), None);
}

async fn a_ready_version_stays_searchable_while_the_next_is_ingested(Backend { stores, .. }: Backend) {
    let (source, held) = claimed(&stores).await;
    assert!(stores.ingest_queue.ready(&held, Some(12), 34, at(5)).await.unwrap());
    let ready = reload(&stores, &source).await;
    assert_eq!(ready.ready_version, Some(1));
    let latest = &ready.latest;
    assert_eq!(
        (&latest.state, latest.page_count, latest.chunk_count, latest.updated_at),
        (&IngestState::Ready, Some(12), Some(34), at(5))
    );
    assert!(!stores.ingest_queue.ready(&held, None, 0, at(6)).await.unwrap());
    assert_eq!(claim(&stores, 1000).await, None);

    let next = queued_version(source.notebook_id, source.id, 2, at(10));
    let replaced = stores.sources.add_version(source.id, "carnot v2.pdf", &next).await.unwrap().unwrap();
    assert_eq!(replaced, Source { name: "carnot v2.pdf".to_owned(), latest: next, ready_version: Some(1), ..source });
    let first = SegmentId { source_id: replaced.id, version: 1 };
    assert_eq!(ready_segments(&stores.sources.list(replaced.notebook_id).await.unwrap(), None), [first]);

    let held = claim(&stores, 11).await.unwrap();
    assert_eq!(held.version.version, 2);
    stores.ingest_queue.ready(&held, None, 1, at(12)).await.unwrap();
    assert_eq!(reload(&stores, &replaced).await.ready_version, Some(2));
    assert_eq!(stores.sources.version(first).await.unwrap().unwrap().chunk_count, Some(34), "citations point to it");
}

async fn a_fetched_page_gets_its_name_and_format(Backend { stores, .. }: Backend) {
    let (source, held) = claimed(&stores).await;
    assert!(stores.ingest_queue.fetched(&held, "Second law", Format::Html, 4096).await.unwrap());
    let stored = reload(&stores, &source).await;
    assert_eq!((stored.name.as_str(), stored.latest.format, stored.latest.size), ("Second law", Format::Html, 4096));
}
