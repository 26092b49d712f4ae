//! The queue that the states of versions form.

use std::collections::{HashMap, HashSet};

use collabry_shared::ids::{OwnerId, SourceId, UserId};
use collabry_shared::notebooks::Notebook;
use collabry_shared::sources::{
    ClaimRequest, IngestState, MAX_RETRIES, Origin, Owned, Retry, SMALL_BYTES, SegmentId, Source, SourceVersion, Work,
    ahead,
};
use collabry_shared::stores::Stores;

use super::{assert_every_write_is_refused, claim, claimed, failure, page, reload};
use crate::backend::{Backend, contract};
use crate::fixtures::{at, chunk, notebook, owned_notebook, queued_version, source, user};

contract!(
    work_is_claimed_oldest_first,
    what_waits_is_counted,
    each_version_is_claimed_once,
    a_lease_that_ran_out_is_taken_over,
    leases_can_all_be_ended,
    a_released_claim_returns_to_the_queue_uncounted,
    progress_renews_the_lease,
    after_three_crashes_a_version_is_handed_out_to_be_failed,
    a_crash_before_any_progress_names_the_first_step,
    a_failed_version_can_be_tried_again,
    a_lost_claim_changes_nothing,
    turns_go_round_by_person,
    each_kind_of_work_is_claimed_for_itself,
    a_retry_goes_to_the_end_of_the_queue_and_has_its_limits,
    unrelated_crashes_do_not_add_up,
    what_a_person_keeps_and_has_had_done_is_counted,
);

async fn work_is_claimed_oldest_first(Backend { stores, .. }: Backend) {
    let notebook = owned_notebook(&stores).await;
    let second = source(&stores, &notebook, at(2)).await;
    let first = source(&stores, &notebook, at(1)).await;
    let owner = OwnerId::new();
    let claimed = stores.ingest_queue.claim(owner, at(5), at(65)).await.unwrap().unwrap();
    assert_eq!((claimed.source.id, claimed.version.version, claimed.attempt), (first.id, 1, 1));
    assert_eq!(claimed.owner, owner);
    assert_eq!(claimed.source, reload(&stores, &first).await);
    assert_eq!(claim(&stores, 5).await.unwrap().source.id, second.id);
    assert_eq!(claim(&stores, 5).await, None);
}

async fn what_waits_is_counted(Backend { stores, .. }: Backend) {
    let waiting = async |now| {
        let waiting = stores.ingest_queue.depth(at(now)).await.unwrap();
        (waiting.count, waiting.since)
    };
    assert_eq!(waiting(0).await, (0, None));
    let notebook = owned_notebook(&stores).await;
    source(&stores, &notebook, at(2)).await;
    source(&stores, &notebook, at(1)).await;
    assert_eq!(waiting(5).await, (2, Some(at(1))));
    let claimed = stores.ingest_queue.claim(OwnerId::new(), at(5), at(65)).await.unwrap().unwrap();
    assert_eq!(waiting(64).await, (1, Some(at(2))), "it is worked on");
    assert_eq!(waiting(65).await, (2, Some(at(1))), "nobody works on it any more");
    stores.ingest_queue.failed(&claimed, &failure(), at(66)).await.unwrap();
    assert_eq!(waiting(67).await, (1, Some(at(2))));
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
    stores.ingest_queue.end_leases(at(3)).await.unwrap();
    let second = claim(&stores, 3).await.unwrap();
    assert_eq!((second.segment(), second.attempt), (first.segment(), 2));
}

async fn a_released_claim_returns_to_the_queue_uncounted(Backend { stores, .. }: Backend) {
    let (source, mut held) = claimed(&stores).await;
    for _ in 0..5 {
        stores.ingest_queue.progress(&held, &IngestState::Chunk, at(1), at(61)).await.unwrap();
        assert!(stores.ingest_queue.release(&held, at(2)).await.unwrap());
        assert_eq!(reload(&stores, &source).await.latest.state, IngestState::Queued);
        assert!(!stores.ingest_queue.release(&held, at(2)).await.unwrap());
        held = claim(&stores, 3).await.unwrap();
        assert_eq!(held.attempt, 1);
    }
}

async fn progress_renews_the_lease(Backend { stores, .. }: Backend) {
    let (source, held) = claimed(&stores).await;
    let state = IngestState::Embed { done: 3, total: 10 };
    assert!(stores.ingest_queue.progress(&held, &state, at(50), at(110)).await.unwrap());
    let latest = reload(&stores, &source).await.latest;
    assert_eq!((latest.state, latest.updated_at), (state, at(50)));
    assert_eq!(claim(&stores, 109).await, None);
    assert!(claim(&stores, 110).await.is_some());
}

async fn after_three_crashes_a_version_is_handed_out_to_be_failed(Backend { stores, .. }: Backend) {
    let (source, mut held) = claimed(&stores).await;
    let state = IngestState::Embed { done: 0, total: 7 };
    for attempt in 1..=3 {
        assert_eq!((held.attempt, held.crashed_at()), (attempt, None));
        let now = i64::from(attempt) * 100;
        assert!(stores.ingest_queue.progress(&held, &state, at(now), at(now + 10)).await.unwrap());
        if attempt < 3 {
            held = claim(&stores, now + 10).await.unwrap();
        }
    }
    assert_eq!(claim(&stores, 309).await, None, "the third attempt may still be alive");
    let given_up = claim(&stores, 310).await.unwrap();
    assert_eq!((given_up.segment(), given_up.crashed_at()), (held.segment(), Some("embed")));
    assert!(!stores.ingest_queue.ready(&held, None, 7, at(311)).await.unwrap(), "the claim is lost");

    // Whoever should have said so can die as well.
    let given_up = claim(&stores, 370).await.unwrap();
    assert_eq!(given_up.crashed_at(), Some("embed"));
    assert!(stores.ingest_queue.failed(&given_up, &failure(), at(371)).await.unwrap());
    assert_eq!(reload(&stores, &source).await.latest.state, IngestState::Failed(failure()));
    assert_eq!(claim(&stores, 10_000).await, None);

    stores.ingest_queue.retry(source.notebook_id, source.id, source.created_by, at(10_001)).await.unwrap();
    let afresh = claim(&stores, 10_001).await.unwrap();
    assert_eq!((afresh.attempt, afresh.crashed_at()), (1, None), "asked for, it is tried afresh");
}

async fn a_crash_before_any_progress_names_the_first_step(Backend { stores, .. }: Backend) {
    claimed(&stores).await;
    for attempt in 2..=6 {
        let held = claim(&stores, attempt * 100).await.unwrap();
        assert_eq!(held.crashed_at(), None, "hardly the fault of the file, which another process reads");
    }
    assert_eq!(claim(&stores, 700).await.unwrap().crashed_at(), Some("extract"));
}

async fn a_failed_version_can_be_tried_again(Backend { stores, .. }: Backend) {
    let (source, held) = claimed(&stores).await;
    assert_eq!(
        stores.ingest_queue.retry(source.notebook_id, source.id, source.created_by, at(1)).await.unwrap(),
        Retry::NotFailed
    );
    assert!(stores.ingest_queue.failed(&held, &failure(), at(2)).await.unwrap());
    assert_eq!(reload(&stores, &source).await.latest.state, IngestState::Failed(failure()));
    assert_eq!(claim(&stores, 1000).await, None, "a failed version is not work");
    assert!(!stores.ingest_queue.failed(&held, &failure(), at(3)).await.unwrap());

    let queued = retried(&stores, &source, 4).await;
    assert_eq!((&queued.latest.state, queued.latest.updated_at), (&IngestState::Queued, at(4)));
    assert_eq!(queued, reload(&stores, &source).await);
    assert_eq!(
        stores.ingest_queue.retry(source.notebook_id, source.id, source.created_by, at(5)).await.unwrap(),
        Retry::NotFailed
    );
    assert_eq!(claim(&stores, 5).await.unwrap().attempt, 1);
}

async fn a_lost_claim_changes_nothing(Backend { stores, .. }: Backend) {
    let (source, lost) = claimed(&stores).await;
    let held = claim(&stores, 60).await.unwrap();
    stores.segments.put_chunks(&held, &[chunk(0)]).await.unwrap();
    stores.segments.put_pages(&held, &[page(1, 0, "text")]).await.unwrap();
    let before = reload(&stores, &source).await;
    assert_every_write_is_refused(&stores, &lost).await;
    assert_eq!(reload(&stores, &source).await, before);
    assert_eq!(stores.segments.chunks(held.segment()).await.unwrap(), [chunk(0)]);
    assert_eq!(stores.segments.page(held.segment(), 1).await.unwrap(), Some(page(1, 0, "text")));
    assert!(stores.ingest_queue.ready(&held, None, 1, at(62)).await.unwrap());
}

async fn retried(stores: &Stores, source: &Source, now: i64) -> Source {
    match stores.ingest_queue.retry(source.notebook_id, source.id, source.created_by, at(now)).await.unwrap() {
        Retry::Queued(source) => *source,
        refused => panic!("{refused:?}"),
    }
}

/// A source whose only version has this size.
async fn of_size(stores: &Stores, notebook: &Notebook, size: u64, now: i64) -> Source {
    let (id, latest) = (SourceId::new(), queued_version(notebook.id, SourceId::new(), 1, at(now)));
    let source = Source {
        id,
        notebook_id: notebook.id,
        name: "notes".to_owned(),
        origin: Origin::Upload,
        created_by: notebook.created_by,
        created_at: at(now),
        latest: SourceVersion { size, ..latest },
        ready_version: None,
    };
    stores.sources.create(&source).await.unwrap();
    source
}

/// The source whose turn it is, claimed.
async fn next(stores: &Stores, work: Option<Work>, full: &[UserId], turns: &[(UserId, u64)]) -> Option<SourceId> {
    let (passed_over, turns): (HashSet<_>, HashMap<_, _>) =
        (full.iter().copied().collect(), turns.iter().copied().collect());
    let wanted = ClaimRequest {
        owner: OwnerId::new(),
        now: at(100),
        lease_until: at(160),
        work,
        passed_over: &passed_over,
        turns: &turns,
    };
    stores.ingest_queue.claim_next(&wanted).await.unwrap().map(|claimed| claimed.source.id)
}

async fn turns_go_round_by_person(Backend { stores, .. }: Backend) {
    let (adas, bens) = (owned_notebook(&stores).await, owned_notebook(&stores).await);
    let (ada, ben) = (adas.created_by, bens.created_by);
    let [first, second, third] =
        [source(&stores, &adas, at(1)).await, source(&stores, &adas, at(2)).await, source(&stores, &adas, at(3)).await];
    let late = source(&stores, &bens, at(50)).await;
    let ahead = ahead(&stores.ingest_queue.open_versions(at(60)).await.unwrap());
    let of = |source: &Source| ahead.values().len() == 4 && ahead[&segment(source)] == 1;
    assert!(of(&late), "one of Ada's has its turn before it: {ahead:?}");
    assert_eq!(ahead[&segment(&third)], 3);

    assert_eq!(next(&stores, None, &[], &[]).await, Some(first.id));
    assert_eq!(next(&stores, None, &[], &[(ada, 1)]).await, Some(late.id), "Ada has one in progress");
    assert_eq!(next(&stores, None, &[ada, ben], &[]).await, None);
    assert_eq!(next(&stores, None, &[ben], &[]).await, Some(second.id));
}

fn segment(source: &Source) -> SegmentId {
    SegmentId { source_id: source.id, version: source.latest.version }
}

async fn each_kind_of_work_is_claimed_for_itself(Backend { stores, .. }: Backend) {
    let notebook = owned_notebook(&stores).await;
    let large = of_size(&stores, &notebook, SMALL_BYTES + 1, 1).await;
    let small = of_size(&stores, &notebook, 17, 2).await;
    assert_eq!(next(&stores, Some(Work::Fetch), &[], &[]).await, None);
    assert_eq!(next(&stores, Some(Work::Small), &[], &[]).await, Some(small.id));
    assert_eq!(next(&stores, Some(Work::Small), &[], &[]).await, None);
    assert_eq!(next(&stores, Some(Work::Large), &[], &[]).await, Some(large.id));
}

async fn a_retry_goes_to_the_end_of_the_queue_and_has_its_limits(Backend { stores, .. }: Backend) {
    let notebook = owned_notebook(&stores).await;
    let source = source(&stores, &notebook, at(1)).await;
    let fail = async |now| {
        let held = claim(&stores, now).await.unwrap();
        assert_eq!(held.source.id, source.id);
        assert!(stores.ingest_queue.failed(&held, &failure(), at(now)).await.unwrap());
    };
    fail(10).await;
    retried(&stores, &source, 10).await;
    let honest = crate::fixtures::source(&stores, &notebook, at(5)).await;
    let held = claim(&stores, 11).await.unwrap();
    assert_eq!(held.source.id, honest.id, "added later, but queued earlier");
    assert!(stores.ingest_queue.ready(&held, None, 1, at(11)).await.unwrap());
    fail(12).await;
    let again =
        async |now| stores.ingest_queue.retry(notebook.id, source.id, notebook.created_by, at(now)).await.unwrap();
    assert_eq!(again(13).await, Retry::TooSoon(at(42)));
    let mut now = 12;
    for _ in 1..MAX_RETRIES {
        now += 10_000;
        retried(&stores, &source, now).await;
        fail(now).await;
    }
    assert_eq!(again(now + 100_000).await, Retry::Exhausted);
}

async fn unrelated_crashes_do_not_add_up(Backend { stores, .. }: Backend) {
    let (_, mut held) = claimed(&stores).await;
    for attempt in 1..=8_u32 {
        assert_eq!(held.crashed_at(), None, "{attempt}");
        let (state, now) = (IngestState::Embed { done: attempt * 16, total: 917 }, i64::from(attempt) * 100);
        assert!(stores.ingest_queue.progress(&held, &state, at(now), at(now + 10)).await.unwrap());
        held = claim(&stores, now + 10).await.unwrap();
    }
}

async fn what_a_person_keeps_and_has_had_done_is_counted(Backend { stores, .. }: Backend) {
    let notes = owned_notebook(&stores).await;
    let (ada, ben) = (notes.created_by, user(&stores, "ben").await.id);
    let first = of_size(&stores, &notes, 1000, 1).await;
    let second = of_size(&stores, &notes, 17, 2).await;
    let version = SourceVersion { size: 500, queued_by: Some(ben), ..queued_version(notes.id, first.id, 2, at(3)) };
    stores.sources.add_version(first.id, "notes", &version).await.unwrap().unwrap();
    let owned = async |person| stores.sources.owned_by(person).await.unwrap();
    assert_eq!(owned(ada).await, Owned { sources: 2, bytes: 1017, bytes_kept: 1017 });
    assert_eq!(owned(ben).await, Owned { sources: 0, bytes: 500, bytes_kept: 500 });
    stores.sources.mark_deleted(notes.id, second.id, None, at(4)).await.unwrap();
    assert_eq!(owned(ada).await, Owned { sources: 1, bytes: 1000, bytes_kept: 1017 });

    let held = claim(&stores, 10).await.unwrap();
    assert_eq!((held.version.version, held.person()), (2, ben), "the smaller one");
    assert!(stores.ingest_queue.ready(&held, None, 30, at(20)).await.unwrap());
    let passages = async |person, since| stores.sources.passages_since(person, at(since)).await.unwrap();
    assert_eq!((passages(ben, 20).await, passages(ben, 21).await, passages(ada, 0).await), (30, 0, 0));
    let of_others = user(&stores, "cem").await;
    let empty = notebook(&stores, &of_others).await;
    assert_eq!(owned(empty.created_by).await, Owned::default());
}
