//! Two engines over one store, one of which loses its lease.

use std::sync::Arc;

use bytes::Bytes;
use collabry_shared::clock::{Clock as _, ManualClock, SystemClock};
use collabry_shared::realtime::{Event, LocalFanOut, Published};
use collabry_shared::sources::{Format, IngestState, Origin, SegmentId, Source};
use collabry_shared::stores::{self, Stores};
use jiff::SignedDuration;
use tokio::sync::{Semaphore, mpsc};

use super::ingestion::{check_chunks, long_text};
use super::rig::{Engine, Gated, notebook, source};

/// An engine with a clock that the test moves, and a gate of its own.
fn engine_at(clock: &ManualClock, stores: &Stores, batches: usize) -> (Engine, Arc<Gated>, mpsc::Receiver<Published>) {
    let gate = Arc::new(Gated(Semaphore::new(batches)));
    let (fan_out, events) = LocalFanOut::new();
    (Engine::start_at(Arc::new(clock.clone()), stores, &gate, fan_out), gate, events)
}

async fn next_source(events: &mut mpsc::Receiver<Published>, is: impl Fn(&IngestState) -> bool) -> Source {
    loop {
        if let Published::Event(_, Event::SourceStatus { source }) = events.recv().await.unwrap()
            && is(&source.latest.state)
        {
            return source;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_loses_the_lease_midway_stops_and_no_chunk_is_there_twice() {
    let folder = tempfile::tempdir().unwrap();
    // A clock for each: the slow one renews its lease in real time, and must not do so with the time of the other one.
    let clock = ManualClock::at(SystemClock.now());
    let later = ManualClock::at(clock.now() + SignedDuration::from_secs(61));
    let open = async |clock: &ManualClock| stores::open_embedded(folder.path(), Arc::new(clock.clone())).await.unwrap();
    let (stores, stores_of_other) = (open(&clock).await, open(&later).await);
    let notebook = notebook(&stores).await;
    let add = async |name: &str, text: &str| {
        let source = source(&notebook, name, Format::Markdown, Origin::Upload);
        stores.blobs.put(&source.latest.blob_key, Bytes::from(text.to_owned())).await.unwrap();
        stores.sources.create(&source).await.unwrap();
        source
    };
    let chunks = async |segment| stores.segments.chunks(segment).await.unwrap().len();
    let added = add("rivers.md", &long_text()).await;
    let segment = SegmentId { source_id: added.id, version: 1 };
    // It stores some and then hangs in the next batch; for the other one its lease has expired, however often it is
    // renewed.
    let (slow, slow_gate, mut slow_events) = engine_at(&clock, &stores, 2);
    next_source(&mut slow_events, |state| matches!(state, IngestState::Embed { .. })).await;
    while chunks(segment).await < 32 {}
    let (other, other_gate, mut other_events) = engine_at(&later, &stores_of_other, 1);
    next_source(&mut other_events, |state| matches!(state, IngestState::Embed { done: 0, .. })).await;
    while chunks(segment).await != 16 {}
    clock.advance(SignedDuration::from_secs(61));
    // The slow one wakes up while the other one works: what it still writes must be rejected.
    let next = add("short.md", "Short.").await;
    slow_gate.0.add_permits(1000);
    let ended = next_source(&mut slow_events, |state| *state == IngestState::Ready).await;
    assert_eq!(ended.id, next.id, "its place is free again, for other work");
    assert_eq!(chunks(segment).await, 16, "one batch of the new engine, none of the old");
    other_gate.0.add_permits(1000);
    let ready = next_source(&mut other_events, |state| *state == IngestState::Ready).await;
    assert_eq!(ready.id, added.id);
    check_chunks(&stores, &ready).await;
    for engine in [slow, other] {
        engine.shutdown.cancel();
        engine.running.await.unwrap();
    }
}
