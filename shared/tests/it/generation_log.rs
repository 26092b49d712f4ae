//! The log of a generation's events.

use std::time::Duration;

use collabry_shared::conversations::Failure;
use collabry_shared::generations::{EventId, GenerationEvent, GenerationState, LoggedEvent};
use collabry_shared::ids::{GenerationId, MessageId};
use collabry_shared::models::ModelId;
use collabry_shared::stores::Stores;
use jiff::SignedDuration;

use crate::backend::{Backend, contract};
use crate::fixtures::{at, citation};

contract!(sqlite:
    events_are_numbered_and_read_from_any_id,
    every_kind_of_event_comes_back_as_it_was,
    a_waiting_reader_hears_of_the_next_event,
    a_reader_may_wait_for_a_generation_that_has_not_begun,
    all_readers_see_all_events_in_order,
    waiting_ends_with_the_time,
    after_the_end_nobody_waits,
    nothing_follows_the_end,
    a_caller_that_goes_away_leaves_no_gap,
    a_new_process_goes_on_with_the_next_id,
    an_old_log_is_forgotten,
    a_log_that_is_still_written_is_not_forgotten,
);

/// The same over Redis, whose logs are forgotten by themselves.
mod redis {
    use crate::backend::Backend;

    macro_rules! over_redis {
        ($($test:ident),+ $(,)?) => {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                super::$test(Backend::redis().await).await;
            }
        )+};
    }
    over_redis!(
        events_are_numbered_and_read_from_any_id,
        every_kind_of_event_comes_back_as_it_was,
        a_waiting_reader_hears_of_the_next_event,
        a_reader_may_wait_for_a_generation_that_has_not_begun,
        all_readers_see_all_events_in_order,
        waiting_ends_with_the_time,
        after_the_end_nobody_waits,
        nothing_follows_the_end,
        a_caller_that_goes_away_leaves_no_gap,
        a_new_process_goes_on_with_the_next_id,
    );
}

/// Long enough that a test which runs into it has failed.
const LONG: Duration = Duration::from_mins(1);
const NOW: Duration = Duration::ZERO;

fn delta(text: impl std::fmt::Display) -> GenerationEvent {
    GenerationEvent::delta(text.to_string())
}

fn done() -> GenerationEvent {
    GenerationEvent::Done {
        state: GenerationState::Done,
        answer_id: MessageId::new(),
        cut_off: None,
        text_length: None,
    }
}

async fn append(stores: &Stores, id: GenerationId, event: &GenerationEvent) -> EventId {
    stores.generation_log.append(id, event).await.unwrap()
}

async fn read(stores: &Stores, id: GenerationId, after: EventId) -> Vec<LoggedEvent> {
    stores.generation_log.read(id, after, NOW).await.unwrap()
}

fn logged(first: EventId, events: &[GenerationEvent]) -> Vec<LoggedEvent> {
    (first..).zip(events).map(|(event_id, event)| LoggedEvent { event_id, event: event.clone() }).collect()
}

async fn events_are_numbered_and_read_from_any_id(Backend { stores, .. }: Backend) {
    let (one, two) = (GenerationId::new(), GenerationId::new());
    let events = [delta("a"), delta("b"), done()];
    assert_eq!(stores.generation_log.last_event_id(one).await.unwrap(), 0);
    for (expected, event) in (1..).zip(&events) {
        assert_eq!(append(&stores, one, event).await, expected);
        assert_eq!(stores.generation_log.last_event_id(one).await.unwrap(), expected);
    }
    assert_eq!(append(&stores, two, &delta("other")).await, 1);
    for after in 0..3 {
        let rest = usize::try_from(after).unwrap();
        assert_eq!(read(&stores, one, after).await, logged(after + 1, &events[rest..]));
    }
    assert_eq!(read(&stores, two, 0).await, logged(1, &[delta("other")]));
}

async fn every_kind_of_event_comes_back_as_it_was(backend: Backend) {
    let id = GenerationId::new();
    let failure =
        Failure {
            code: "provider_error".to_owned(), message: "It broke — “badly”.".to_owned(), retryable: false
        };
    let events = [
        GenerationEvent::Started {
            question_id: MessageId::new(),
            answer_id: MessageId::new(),
            model: ModelId::extractive(),
        },
        GenerationEvent::Citations { citations: vec![citation(1), citation(2)] },
        GenerationEvent::Delta { text: String::new(), thinking: true, anew: false },
        delta("ΔS ≥ 0\n"),
        GenerationEvent::Delta { text: String::new(), thinking: false, anew: true },
        GenerationEvent::Failed { failure, text_length: Some(3) },
    ];
    for event in &events {
        append(&backend.stores, id, event).await;
    }
    assert_eq!(read(&backend.stores, id, 0).await, logged(1, &events));
    let backend = backend.reopen().await;
    assert_eq!(read(&backend.stores, id, 0).await, logged(1, &events));
}

async fn a_waiting_reader_hears_of_the_next_event(Backend { stores, .. }: Backend) {
    let id = GenerationId::new();
    append(&stores, id, &delta("a")).await;
    let (heard, ()) = tokio::join!(
        biased;
        async { stores.generation_log.read(id, 1, LONG).await.unwrap() },
        async {
            append(&stores, id, &delta("b")).await;
        }
    );
    assert_eq!(heard, logged(2, &[delta("b")]));
}

async fn a_reader_may_wait_for_a_generation_that_has_not_begun(Backend { stores, .. }: Backend) {
    let id = GenerationId::new();
    let (heard, ()) = tokio::join!(
        biased;
        async { stores.generation_log.read(id, 0, LONG).await.unwrap() },
        async {
            append(&stores, id, &delta("a")).await;
        }
    );
    assert_eq!(heard, logged(1, &[delta("a")]));
}

async fn all_readers_see_all_events_in_order(Backend { stores, .. }: Backend) {
    const GENERATIONS: usize = 10;
    const READERS: usize = 5;
    const DELTAS: usize = 40;
    let mut expected: Vec<_> = (0..DELTAS).map(delta).collect();
    expected.push(done());
    let ids: Vec<_> = (0..GENERATIONS).map(|_| GenerationId::new()).collect();
    let readers: Vec<_> = ids
        .iter()
        .flat_map(|id| [*id; READERS])
        .map(|id| {
            let stores = stores.clone();
            tokio::spawn(async move {
                let mut seen: Vec<LoggedEvent> = Vec::new();
                while !seen.last().is_some_and(|last| last.event.is_final()) {
                    let after = seen.last().map_or(0, |last| last.event_id);
                    seen.extend(stores.generation_log.read(id, after, LONG).await.unwrap());
                }
                seen
            })
        })
        .collect();
    let writers: Vec<_> = ids
        .into_iter()
        .map(|id| {
            let (stores, events) = (stores.clone(), expected.clone());
            tokio::spawn(async move {
                for event in &events {
                    append(&stores, id, event).await;
                }
            })
        })
        .collect();
    futures::future::try_join_all(writers).await.unwrap();
    let expected = logged(1, &expected);
    for seen in futures::future::try_join_all(readers).await.unwrap() {
        assert_eq!(seen, expected);
    }
}

async fn waiting_ends_with_the_time(Backend { stores, .. }: Backend) {
    let id = GenerationId::new();
    let nothing = stores.generation_log.read(id, 0, Duration::from_millis(20)).await.unwrap();
    assert!(nothing.is_empty());
    append(&stores, id, &delta("a")).await;
    let nothing = stores.generation_log.read(id, 1, Duration::from_millis(20)).await.unwrap();
    assert!(nothing.is_empty());
}

async fn after_the_end_nobody_waits(Backend { stores, .. }: Backend) {
    let id = GenerationId::new();
    append(&stores, id, &delta("a")).await;
    let read_to_the_end = async |after| {
        let read = stores.generation_log.read(id, after, LONG);
        tokio::time::timeout(LONG / 2, read).await.expect("the reader waits although nothing will come").unwrap()
    };
    // Ids beyond the end are what a client may claim to have seen. Such a reader waits when the end comes …
    let (waited, ()) = tokio::join!(biased; read_to_the_end(99), async {
        append(&stores, id, &done()).await;
    });
    assert!(waited.is_empty());
    // … or comes after it.
    assert!(read_to_the_end(2).await.is_empty());
    assert!(read_to_the_end(99).await.is_empty());
    assert!(read_to_the_end(u64::MAX).await.is_empty());
}

async fn nothing_follows_the_end(backend: Backend) {
    let id = GenerationId::new();
    let end = done();
    append(&backend.stores, id, &delta("a")).await;
    assert_eq!(append(&backend.stores, id, &end).await, 2);
    assert_eq!(append(&backend.stores, id, &delta("late")).await, 2);
    let backend = backend.reopen().await;
    assert_eq!(append(&backend.stores, id, &done()).await, 2);
    assert_eq!(read(&backend.stores, id, 0).await, logged(1, &[delta("a"), end]));
}

async fn a_caller_that_goes_away_leaves_no_gap(Backend { stores, .. }: Backend) {
    let id = GenerationId::new();
    append(&stores, id, &delta(0)).await;
    for n in 1..=50 {
        // Polled once and dropped: the event may be logged or not, but never by halves.
        let event = delta(n);
        let append = stores.generation_log.append(id, &event);
        tokio::select! { biased; _ = append => {}, () = std::future::ready(()) => {} }
    }
    append(&stores, id, &done()).await;
    let events = read(&stores, id, 0).await;
    let ids: Vec<_> = events.iter().map(|event| event.event_id).collect();
    assert_eq!(ids, (1..=events.len() as u64).collect::<Vec<_>>());
    assert!(events.last().unwrap().event.is_final());
}

async fn a_new_process_goes_on_with_the_next_id(backend: Backend) {
    let id = GenerationId::new();
    append(&backend.stores, id, &delta("a")).await;
    append(&backend.stores, id, &delta("b")).await;
    let backend = backend.reopen().await;
    let stores = &backend.stores;
    assert_eq!(stores.generation_log.last_event_id(id).await.unwrap(), 2);
    assert_eq!(read(stores, id, 1).await, logged(2, &[delta("b")]));
    let (heard, ()) = tokio::join!(
        biased;
        async { stores.generation_log.read(id, 2, LONG).await.unwrap() },
        async {
            assert_eq!(append(stores, id, &delta("c")).await, 3);
        }
    );
    assert_eq!(heard, logged(3, &[delta("c")]));
    assert_eq!(read(stores, id, 0).await, logged(1, &[delta("a"), delta("b"), delta("c")]));
}

async fn an_old_log_is_forgotten(Backend { stores, clock, .. }: Backend) {
    let (old, unended, young) = (GenerationId::new(), GenerationId::new(), GenerationId::new());
    append(&stores, old, &delta("a")).await;
    append(&stores, old, &done()).await;
    append(&stores, unended, &delta("a")).await;
    clock.advance(SignedDuration::from_secs(100));
    append(&stores, young, &done()).await;
    assert_eq!(stores.generation_log.forget(at(0)).await.unwrap(), 0);
    assert_eq!(stores.generation_log.forget(at(100)).await.unwrap(), 2);
    assert_eq!(stores.generation_log.forget(at(100)).await.unwrap(), 0);
    assert!(read(&stores, old, 0).await.is_empty());
    assert!(read(&stores, unended, 0).await.is_empty());
    assert_eq!(stores.generation_log.last_event_id(unended).await.unwrap(), 0);
    assert_eq!(read(&stores, young, 0).await.len(), 1);
    assert_eq!(append(&stores, unended, &delta("b")).await, 1, "a forgotten log starts over");
}

async fn a_log_that_is_still_written_is_not_forgotten(Backend { stores, clock, .. }: Backend) {
    let id = GenerationId::new();
    append(&stores, id, &delta("a")).await;
    clock.advance(SignedDuration::from_secs(100));
    append(&stores, id, &delta("b")).await;
    assert_eq!(stores.generation_log.forget(at(50)).await.unwrap(), 0);
    assert_eq!(read(&stores, id, 0).await.len(), 2);
}
