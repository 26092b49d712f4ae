//! The queue that the states of versions form.

use std::collections::HashSet;

use collabry_shared::ids::OwnerId;
use collabry_shared::sources::IngestState;

use super::{assert_every_write_is_refused, claim, claimed, failure, page, reload};
use crate::backend::{Backend, contract};
use crate::fixtures::{at, chunk, owned_notebook, source};

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
);

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

async fn what_waits_is_counted(Backend { stores, .. }: Backend) {
    let waiting = async |now| {
        let waiting = stores.sources.waiting(at(now)).await.unwrap();
        (waiting.count, waiting.since)
    };
    assert_eq!(waiting(0).await, (0, None));
    let notebook = owned_notebook(&stores).await;
    source(&stores, &notebook, at(2)).await;
    source(&stores, &notebook, at(1)).await;
    assert_eq!(waiting(5).await, (2, Some(at(1))));
    let claimed = stores.sources.claim(OwnerId::new(), at(5), at(65)).await.unwrap().unwrap();
    assert_eq!(waiting(64).await, (1, Some(at(2))), "it is worked on");
    assert_eq!(waiting(65).await, (2, Some(at(1))), "nobody works on it any more");
    stores.sources.failed(&claimed, &failure(), at(66)).await.unwrap();
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

async fn after_three_crashes_a_version_is_handed_out_to_be_failed(Backend { stores, .. }: Backend) {
    let (source, mut held) = claimed(&stores).await;
    let state = IngestState::Embed { done: 0, total: 7 };
    for attempt in 1..=3 {
        assert_eq!((held.attempt, held.crashed_at()), (attempt, None));
        let now = i64::from(attempt) * 100;
        assert!(stores.sources.progress(&held, &state, at(now), at(now + 10)).await.unwrap());
        if attempt < 3 {
            held = claim(&stores, now + 10).await.unwrap();
        }
    }
    assert_eq!(claim(&stores, 309).await, None, "the third attempt may still be alive");
    let given_up = claim(&stores, 310).await.unwrap();
    assert_eq!((given_up.segment(), given_up.crashed_at()), (held.segment(), Some("embed")));
    assert!(!stores.sources.ready(&held, None, 7, at(311)).await.unwrap(), "the claim is lost");

    // Whoever should have said so can die as well.
    let given_up = claim(&stores, 370).await.unwrap();
    assert_eq!(given_up.crashed_at(), Some("embed"));
    assert!(stores.sources.failed(&given_up, &failure(), at(371)).await.unwrap());
    assert_eq!(reload(&stores, &source).await.latest.state, IngestState::Failed(failure()));
    assert_eq!(claim(&stores, 10_000).await, None);

    stores.sources.retry(source.notebook_id, source.id, at(10_001)).await.unwrap().unwrap();
    let afresh = claim(&stores, 10_001).await.unwrap();
    assert_eq!((afresh.attempt, afresh.crashed_at()), (1, None), "asked for, it is tried afresh");
}

async fn a_crash_before_any_progress_names_the_first_step(Backend { stores, .. }: Backend) {
    claimed(&stores).await;
    for now in [100, 200] {
        claim(&stores, now).await.unwrap();
    }
    assert_eq!(claim(&stores, 300).await.unwrap().crashed_at(), Some("extract"));
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
