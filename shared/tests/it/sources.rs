//! Sources, the queue that their states form, and their pages and chunks.

use std::collections::HashSet;

use collabry_shared::ids::{NotebookId, OwnerId, SourceId};
use collabry_shared::sources::{
    Chunk, ClaimedVersion, Format, IngestFailure, IngestState, Origin, Page, SegmentId, Source, SourceVersion,
    ready_segments,
};
use collabry_shared::storage::{StoreError, Stores};

use crate::backend::{Backend, contract};
use crate::fixtures::{at, chunk, owned_notebook, queued_version, source};

contract!(
    a_source_is_stored_and_listed,
    a_source_of_another_notebook_is_not_found,
    work_is_claimed_oldest_first,
    each_version_is_claimed_once,
    a_lease_that_ran_out_is_taken_over,
    leases_can_all_be_ended,
    a_released_claim_returns_to_the_queue_uncounted,
    progress_renews_the_lease,
    after_three_crashes_a_version_fails,
    a_crash_before_any_progress_names_the_first_step,
    a_failed_version_can_be_tried_again,
    a_fetched_page_gets_its_name_and_format,
    a_ready_version_stays_searchable_while_the_next_is_ingested,
    versions_are_added_in_order,
    pages_are_found_by_number_and_offset,
    chunks_are_stored_by_index,
    another_attempt_starts_clean,
    a_lost_claim_changes_nothing,
    a_deleted_source_is_gone_at_once,
    a_deleted_notebook_hides_its_sources,
    a_purge_removes_a_deleted_source_only,
);

async fn claim(stores: &Stores, now: i64) -> Option<ClaimedVersion> {
    stores.sources.claim(OwnerId::new(), at(now), at(now + 60)).await.unwrap()
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
    assert_eq!(stores.sources.retry(mine.id, source.id, at(1)).await.unwrap(), None);
    assert!(!stores.sources.mark_deleted(mine.id, source.id, at(1)).await.unwrap());
    assert!(stores.sources.list(mine.id).await.unwrap().is_empty());
    assert_eq!(stores.sources.notebook_of(SourceId::new()).await.unwrap(), None);
}

async fn work_is_claimed_oldest_first(Backend { stores, .. }: Backend) {
    let notebook = owned_notebook(&stores).await;
    let second = source(&stores, &notebook, at(2)).await;
    let first = source(&stores, &notebook, at(1)).await;
    let owner = OwnerId::new();
    let claimed = stores.sources.claim(owner, at(5), at(65)).await.unwrap().unwrap();
    assert_eq!((claimed.source.id, claimed.version.version, claimed.attempt), (first.id, 1, 1));
    assert_eq!(claimed.owner, owner);
    assert_eq!(claimed.source, reload(&stores, &first).await);
    assert_eq!(claim(&stores, 5).await.unwrap().source.id, second.id);
    assert_eq!(claim(&stores, 5).await, None);
}

async fn each_version_is_claimed_once(Backend { stores, .. }: Backend) {
    const SOURCES: usize = 20;
    let notebook = owned_notebook(&stores).await;
    for n in 0..SOURCES {
        source(&stores, &notebook, at(i64::try_from(n).unwrap())).await;
    }
    let workers = (0..8).map(|_| {
        let stores = stores.clone();
        tokio::spawn(async move {
            let mut segments = Vec::new();
            while let Some(claimed) = claim(&stores, 100).await {
                segments.push(claimed.segment());
            }
            segments
        })
    });
    let claimed: Vec<_> = futures::future::try_join_all(workers).await.unwrap().into_iter().flatten().collect();
    assert_eq!(claimed.len(), SOURCES);
    assert_eq!(claimed.iter().collect::<HashSet<_>>().len(), SOURCES);
}

async fn a_lease_that_ran_out_is_taken_over(Backend { stores, .. }: Backend) {
    let (_, first) = claimed(&stores).await;
    assert_eq!(claim(&stores, 59).await, None);
    let second = claim(&stores, 60).await.unwrap();
    assert_eq!((second.segment(), second.attempt), (first.segment(), 2));
    assert_ne!(second.owner, first.owner);
}

async fn leases_can_all_be_ended(Backend { stores, .. }: Backend) {
    let (_, first) = claimed(&stores).await;
    stores.sources.end_leases(at(3)).await.unwrap();
    let second = claim(&stores, 3).await.unwrap();
    assert_eq!((second.segment(), second.attempt), (first.segment(), 2));
}

async fn a_released_claim_returns_to_the_queue_uncounted(Backend { stores, .. }: Backend) {
    let (source, mut held) = claimed(&stores).await;
    for _ in 0..5 {
        stores.sources.progress(&held, &IngestState::Chunk, at(1), at(61)).await.unwrap();
        assert!(stores.sources.release(&held, at(2)).await.unwrap());
        assert_eq!(reload(&stores, &source).await.latest.state, IngestState::Queued);
        assert!(!stores.sources.release(&held, at(2)).await.unwrap());
        held = claim(&stores, 3).await.unwrap();
        assert_eq!(held.attempt, 1);
    }
}

async fn progress_renews_the_lease(Backend { stores, .. }: Backend) {
    let (source, held) = claimed(&stores).await;
    let state = IngestState::Embed { done: 3, total: 10 };
    assert!(stores.sources.progress(&held, &state, at(50), at(110)).await.unwrap());
    let latest = reload(&stores, &source).await.latest;
    assert_eq!((latest.state, latest.updated_at), (state, at(50)));
    assert_eq!(claim(&stores, 109).await, None);
    assert!(claim(&stores, 110).await.is_some());
}

async fn after_three_crashes_a_version_fails(Backend { stores, .. }: Backend) {
    let (source, mut held) = claimed(&stores).await;
    let state = IngestState::Embed { done: 0, total: 7 };
    for attempt in 1..=3 {
        assert_eq!(held.attempt, attempt);
        let now = i64::from(attempt) * 100;
        assert!(stores.sources.progress(&held, &state, at(now), at(now + 10)).await.unwrap());
        if attempt < 3 {
            held = claim(&stores, now + 10).await.unwrap();
        }
    }
    assert_eq!(claim(&stores, 309).await, None, "the third attempt may still be alive");
    assert_eq!(reload(&stores, &source).await.latest.state, state);
    assert_eq!(claim(&stores, 310).await, None);
    let IngestState::Failed(failure) = reload(&stores, &source).await.latest.state else {
        panic!("it is tried for ever");
    };
    assert_eq!((failure.at.as_str(), failure.code.as_str()), ("embed", "ingest_crashed"));
    assert!(!stores.sources.ready(&held, None, 7, at(311)).await.unwrap(), "the claim is lost");

    stores.sources.retry(source.notebook_id, source.id, at(320)).await.unwrap().unwrap();
    assert_eq!(claim(&stores, 320).await.unwrap().attempt, 1, "asked for, it is tried afresh");
}

async fn a_crash_before_any_progress_names_the_first_step(Backend { stores, .. }: Backend) {
    let (source, _) = claimed(&stores).await;
    for now in [100, 200, 300] {
        claim(&stores, now).await;
    }
    let IngestState::Failed(failure) = reload(&stores, &source).await.latest.state else {
        panic!("it is tried for ever");
    };
    assert_eq!(failure.at, "extract");
}

async fn a_failed_version_can_be_tried_again(Backend { stores, .. }: Backend) {
    let (source, held) = claimed(&stores).await;
    assert_eq!(stores.sources.retry(source.notebook_id, source.id, at(1)).await.unwrap(), None);
    assert!(stores.sources.failed(&held, &failure(), at(2)).await.unwrap());
    assert_eq!(reload(&stores, &source).await.latest.state, IngestState::Failed(failure()));
    assert_eq!(claim(&stores, 1000).await, None, "a failed version is not work");
    assert!(!stores.sources.failed(&held, &failure(), at(3)).await.unwrap());

    let queued = stores.sources.retry(source.notebook_id, source.id, at(4)).await.unwrap().unwrap();
    assert_eq!((&queued.latest.state, queued.latest.updated_at), (&IngestState::Queued, at(4)));
    assert_eq!(queued, reload(&stores, &source).await);
    assert_eq!(stores.sources.retry(source.notebook_id, source.id, at(5)).await.unwrap(), None);
    assert_eq!(claim(&stores, 5).await.unwrap().attempt, 1);
}

async fn a_fetched_page_gets_its_name_and_format(Backend { stores, .. }: Backend) {
    let (source, held) = claimed(&stores).await;
    assert!(stores.sources.fetched(&held, "Second law", Format::Html, 4096).await.unwrap());
    let stored = reload(&stores, &source).await;
    assert_eq!((stored.name.as_str(), stored.latest.format, stored.latest.size), ("Second law", Format::Html, 4096));
}

async fn a_ready_version_stays_searchable_while_the_next_is_ingested(Backend { stores, .. }: Backend) {
    let (source, held) = claimed(&stores).await;
    assert!(stores.sources.ready(&held, Some(12), 34, at(5)).await.unwrap());
    let ready = reload(&stores, &source).await;
    assert_eq!(ready.ready_version, Some(1));
    let latest = &ready.latest;
    assert_eq!(
        (&latest.state, latest.page_count, latest.chunk_count, latest.updated_at),
        (&IngestState::Ready, Some(12), Some(34), at(5))
    );
    assert!(!stores.sources.ready(&held, None, 0, at(6)).await.unwrap());
    assert_eq!(claim(&stores, 1000).await, None);

    let next = queued_version(source.notebook_id, source.id, 2, at(10));
    let replaced = stores.sources.add_version(source.id, "carnot v2.pdf", &next).await.unwrap().unwrap();
    assert_eq!(replaced, Source { name: "carnot v2.pdf".to_owned(), latest: next, ready_version: Some(1), ..source });
    let first = SegmentId { source_id: replaced.id, version: 1 };
    assert_eq!(ready_segments(&stores.sources.list(replaced.notebook_id).await.unwrap(), None), [first]);

    let held = claim(&stores, 11).await.unwrap();
    assert_eq!(held.version.version, 2);
    stores.sources.ready(&held, None, 1, at(12)).await.unwrap();
    assert_eq!(reload(&stores, &replaced).await.ready_version, Some(2));
    assert_eq!(stores.sources.version(first).await.unwrap().unwrap().chunk_count, Some(34), "citations point to it");
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

fn page(number: u32, start: u64, text: &str) -> Page {
    Page { number, start, text: text.to_owned() }
}

async fn pages_are_found_by_number_and_offset(Backend { stores, .. }: Backend) {
    let (_, held) = claimed(&stores).await;
    let pages = [page(1, 0, "Wärme\n"), page(2, 6, ""), page(3, 6, "Arbeit")];
    assert!(stores.sources.put_pages(&held, &[page(1, 0, "old"), page(9, 3, "old")]).await.unwrap());
    assert!(stores.sources.put_pages(&held, &pages).await.unwrap());
    let segment = held.segment();
    assert_eq!(stores.sources.page(segment, 2).await.unwrap().as_ref(), Some(&pages[1]));
    assert_eq!(stores.sources.page(segment, 9).await.unwrap(), None, "pages are replaced");
    let at = async |offset| stores.sources.page_at(segment, offset).await.unwrap().map(|page| page.number);
    assert_eq!(at(0).await, Some(1));
    assert_eq!(at(5).await, Some(1));
    assert_eq!(at(6).await, Some(3), "an empty page holds nothing");
    assert_eq!(at(u64::MAX).await, Some(3));
    let unknown = SegmentId { version: 2, ..segment };
    assert_eq!(stores.sources.page_at(unknown, 0).await.unwrap(), None);
}

async fn chunks_are_stored_by_index(Backend { stores, .. }: Backend) {
    let (_, held) = claimed(&stores).await;
    assert!(stores.sources.put_chunks(&held, &[chunk(2), chunk(3)]).await.unwrap());
    assert!(stores.sources.put_chunks(&held, &[chunk(0), chunk(1)]).await.unwrap());
    let replaced = Chunk { text: "Replaced".to_owned(), headings: Vec::new(), ..chunk(3) };
    assert!(stores.sources.put_chunks(&held, &[replaced.clone(), chunk(4)]).await.unwrap());
    let stored = stores.sources.chunks(held.segment()).await.unwrap();
    assert_eq!(stored, [chunk(0), chunk(1), chunk(2), replaced, chunk(4)]);
    let unknown = SegmentId { version: 2, ..held.segment() };
    assert!(stores.sources.chunks(unknown).await.unwrap().is_empty());
}

async fn another_attempt_starts_clean(Backend { stores, .. }: Backend) {
    let (_, held) = claimed(&stores).await;
    stores.sources.put_pages(&held, &[page(1, 0, "text")]).await.unwrap();
    stores.sources.put_chunks(&held, &[chunk(0)]).await.unwrap();
    let next = claim(&stores, 60).await.unwrap();
    assert!(stores.sources.clear_segment(&next).await.unwrap());
    assert!(stores.sources.chunks(next.segment()).await.unwrap().is_empty());
    assert_eq!(stores.sources.page(next.segment(), 1).await.unwrap(), None);
}

async fn a_lost_claim_changes_nothing(Backend { stores, .. }: Backend) {
    let (source, lost) = claimed(&stores).await;
    let held = claim(&stores, 60).await.unwrap();
    stores.sources.put_chunks(&held, &[chunk(0)]).await.unwrap();
    stores.sources.put_pages(&held, &[page(1, 0, "text")]).await.unwrap();
    let before = reload(&stores, &source).await;
    assert_every_write_is_refused(&stores, &lost).await;
    assert_eq!(reload(&stores, &source).await, before);
    assert_eq!(stores.sources.chunks(held.segment()).await.unwrap(), [chunk(0)]);
    assert_eq!(stores.sources.page(held.segment(), 1).await.unwrap(), Some(page(1, 0, "text")));
    assert!(stores.sources.ready(&held, None, 1, at(62)).await.unwrap());
}

async fn assert_every_write_is_refused(stores: &Stores, lost: &ClaimedVersion) {
    let sources = &stores.sources;
    assert!(!sources.progress(lost, &IngestState::Chunk, at(61), at(999)).await.unwrap());
    assert!(!sources.fetched(lost, "Stolen", Format::Html, 1).await.unwrap());
    assert!(!sources.put_pages(lost, &[]).await.unwrap());
    assert!(!sources.put_chunks(lost, &[chunk(0), chunk(1)]).await.unwrap());
    assert!(!sources.clear_segment(lost).await.unwrap());
    assert!(!sources.ready(lost, None, 0, at(61)).await.unwrap());
    assert!(!sources.failed(lost, &failure(), at(61)).await.unwrap());
    assert!(!sources.release(lost, at(61)).await.unwrap());
}

/// A source with a ready version and a claimed next one, with text in both.
async fn full_source(stores: &Stores) -> (Source, ClaimedVersion) {
    let (source, held) = claimed(stores).await;
    stores.sources.put_pages(&held, &[page(1, 0, "text")]).await.unwrap();
    stores.sources.put_chunks(&held, &[chunk(0)]).await.unwrap();
    stores.sources.ready(&held, Some(1), 1, at(1)).await.unwrap();
    let next = queued_version(source.notebook_id, source.id, 2, at(2));
    stores.sources.add_version(source.id, "next", &next).await.unwrap().unwrap();
    let held = claim(stores, 3).await.unwrap();
    stores.sources.put_chunks(&held, &[chunk(0)]).await.unwrap();
    (reload(stores, &source).await, held)
}

async fn assert_is_gone(stores: &Stores, source: &Source, held: &ClaimedVersion) {
    let sources = &stores.sources;
    assert_eq!(sources.get(source.notebook_id, source.id).await.unwrap(), None);
    assert_eq!(sources.notebook_of(source.id).await.unwrap(), None);
    assert!(sources.list(source.notebook_id).await.unwrap().is_empty());
    for version in [1, 2] {
        let segment = SegmentId { source_id: source.id, version };
        assert_eq!(sources.version(segment).await.unwrap(), None);
        assert_eq!(sources.page(segment, 1).await.unwrap(), None);
        assert_eq!(sources.page_at(segment, 0).await.unwrap(), None);
        assert!(sources.chunks(segment).await.unwrap().is_empty());
    }
    let next = queued_version(source.notebook_id, source.id, 3, at(9));
    assert_eq!(sources.add_version(source.id, "back", &next).await.unwrap(), None);
    assert_eq!(sources.retry(source.notebook_id, source.id, at(9)).await.unwrap(), None);
    assert_eq!(claim(stores, 10_000).await, None);
    assert_every_write_is_refused(stores, held).await;
    assert!(!sources.mark_deleted(source.notebook_id, source.id, at(9)).await.unwrap());
}

async fn a_deleted_source_is_gone_at_once(Backend { stores, .. }: Backend) {
    let (source, held) = full_source(&stores).await;
    assert!(stores.sources.mark_deleted(source.notebook_id, source.id, at(5)).await.unwrap());
    assert_is_gone(&stores, &source, &held).await;
    assert_eq!(stores.sources.deleted().await.unwrap(), [(source.notebook_id, source.id)]);
}

async fn a_deleted_notebook_hides_its_sources(Backend { stores, .. }: Backend) {
    let (source, held) = full_source(&stores).await;
    stores.notebooks.mark_deleted(source.notebook_id, at(5)).await.unwrap();
    assert_is_gone(&stores, &source, &held).await;
}

async fn a_purge_removes_a_deleted_source_only(Backend { stores, .. }: Backend) {
    let (source, held) = full_source(&stores).await;
    stores.sources.purge(source.id).await.unwrap();
    assert_eq!(reload(&stores, &source).await, source, "nobody deleted it");
    assert_eq!(stores.sources.chunks(held.segment()).await.unwrap(), [chunk(0)]);

    stores.sources.mark_deleted(source.notebook_id, source.id, at(5)).await.unwrap();
    stores.sources.purge(source.id).await.unwrap();
    stores.sources.purge(source.id).await.unwrap();
    assert!(stores.sources.deleted().await.unwrap().is_empty());
    // Its ids are free again, so nothing of it is left.
    let again = Source { latest: queued_version(source.notebook_id, source.id, 1, at(6)), ..source };
    stores.sources.create(&again).await.unwrap();
    assert!(stores.sources.chunks(SegmentId { source_id: again.id, version: 1 }).await.unwrap().is_empty());
}
